import assert from 'node:assert/strict';
import { Masker } from '../../../sandbox/agent/masker.ts';

function masked(text: string, ...secrets: readonly string[]): string {
  const masker = new Masker();
  for (const secret of secrets) masker.add(secret);
  return masker.mask(text);
}

describe("the agent's masking", () => {
  const cases: readonly (readonly [string, string, readonly string[], string])[] = [
    ['hides a secret wherever it stands', 'a=hunter2, b=hunter2!', ['hunter2'], 'a=***, b=***!'],
    ['hides overlapping secrets as one', 'abcdef', ['abcd', 'cdef'], '***'],
    ['hides adjoining secrets as one', 'abcdef', ['abc', 'def'], '***'],
    ['hides a secret within a secret once', 'xabcdy', ['abcd', 'bc'], 'x***y'],
    ['hides a secret that overlaps itself', 'xaaay', ['aa'], 'x***y'],
    ['hides the JSON spelling', '{"k":"a\\"b"}', ['a"b'], '{"k":"***"}'],
    ['hides the URI spelling', 'k=a%2Fb', ['a/b'], 'k=***'],
    ['leaves text without secrets', 'nothing', ['x1'], 'nothing'],
    ['knows no empty secret', 'text', [''], 'text'],
  ];
  for (const [name, text, secrets, expected] of cases) {
    it(name, () => {
      assert.equal(masked(text, ...secrets), expected);
    });
  }

  const variables: readonly (readonly [string, string, string])[] = [
    ['in base64', 'correct horse', Buffer.from('correct horse').toString('base64')],
    ['without its quotes', '"correct horse"', 'correct horse'],
    ['without its blanks', ' correct horse\n', 'correct horse'],
    ['escaped as in a command', 'correct;horse', 'correct%3Bhorse'],
  ];
  for (const [name, value, text] of variables) {
    it(`hides a secret variable ${name}`, () => {
      const masker = new Masker();
      masker.addVariable(value);
      assert.equal(masker.mask(`<${text}>`), '<***>');
    });
  }

  it('takes a variable of blanks for no secret', () => {
    const masker = new Masker();
    masker.addVariable('  ');
    assert.equal(masker.mask('a  b'), 'a  b');
  });
});
