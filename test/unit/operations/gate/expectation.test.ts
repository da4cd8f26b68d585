import assert from 'node:assert/strict';
import { mismatch, parseExpectation } from '../../../../core/operations/gate/kinds/expectation.ts';
import { Settings } from '../../../../core/operations/gate/settings.ts';

const body = '{"name":"catalog","items":[{"id":7,"odd name":true}],"ratio":0.5,"nothing":null}';
const answer = { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, text: body };

describe('what an answer must say', () => {
  const cases: readonly [what: string, expect: object | undefined, expected: string | undefined][] = [
    ['nothing in particular: any 2xx', undefined, undefined],
    ['the status', { status: 200 }, undefined],
    ['another status', { status: [201, '3xx'] }, `status 200, expected 201 or 3xx: ${body}`],
    ['a part of a header, in any case', { headers: { 'Content-Type': 'APPLICATION/json' } }, undefined],
    ['a header that matches', { headers: { 'content-type': '/^application\\/json/' } }, undefined],
    [
      'another header',
      { headers: { 'content-type': 'text/html' } },
      'header content-type is "application/json; charset=utf-8", expected text/html',
    ],
    ['a header that is absent', { headers: { etag: '"' } }, 'the answer has no header etag'],
    [
      'a header whose text is no expression',
      { headers: { 'content-type': 'json. charset' } },
      'header content-type is "application/json; charset=utf-8", expected json. charset',
    ],
    ['text in the body', { text: 'catalog' }, undefined],
    ['text that is not there', { text: ['catalog', 'orders'] }, `the body lacks "orders": ${body}`],
    ['text that must not be there', { notText: 'odd' }, 'the body contains "odd"'],
    ['a JSON field', { json: { '$.name': 'catalog', name: 'catalog', 'items[0].id': 7 } }, undefined],
    ['an odd JSON field', { json: { "$.items[0]['odd name']": true } }, undefined],
    ['a JSON object, in any order', { json: { 'items[0]': { 'odd name': true, id: 7 } } }, undefined],
    ['a JSON null', { json: { nothing: null } }, undefined],
    ['another JSON value', { json: { ratio: 1 } }, 'ratio is 0.5, expected 1'],
    ['a number is not its text', { json: { 'items[0].id': '7' } }, 'items[0].id is 7, expected "7"'],
    ['a JSON field that is absent', { json: { 'items[1].id': 7 } }, 'the body has no items[1].id'],
    ['what every object inherits is absent', { json: { constructor: 1 } }, 'the body has no constructor'],
  ];
  for (const [what, expect, expected] of cases) {
    it(what, () => {
      const settings = expect === undefined ? undefined : Settings.of(expect, 'expect');
      assert.equal(mismatch(parseExpectation(settings), answer), expected);
    });
  }

  it('is JSON where a JSON field is expected', () => {
    const expectation = parseExpectation(Settings.of({ json: { a: 1 } }, 'expect'));
    assert.equal(mismatch(expectation, { ...answer, text: '<html>' }), 'the body is not JSON: <html>');
  });
});
