import assert from 'node:assert/strict';
import { authorsPaths, failureOfEngine, withoutSecrets } from '../../../core/render/engine-failure.ts';

describe('a message of an engine', () => {
  const cases: readonly (readonly [
    title: string,
    message: string,
    secrets: readonly string[],
    shown: string,
  ])[] = [
    ['the text itself', 'no hunter2-x here', ['hunter2-x'], 'no *** here'],
    ['its quotation', 'got "a\\"bcd"', ['a"bcd'], 'got "***"'],
    ['its base64 form', 'got aHVudGVyMg==', ['hunter2'], 'got ***'],
    [
      'what a shortened quotation leaves',
      'cannot unmarshal !!str `hunter2...`',
      ['hunter2-and-more'],
      'cannot unmarshal !!str `***...`',
    ],
    ['each line of several', 'line two-two', ['one-one\ntwo-two'], 'line ***'],
    ['the longest of two', 'abcdefgh', ['abcd', 'abcdefgh'], '***'],
  ];
  for (const [title, message, secrets, shown] of cases) {
    it(`has *** for ${title}`, () => {
      assert.equal(withoutSecrets(message, secrets), shown);
    });
  }

  it('keeps words that are too short to be secrets', () => {
    assert.equal(withoutSecrets('a yes b', ['yes', '']), 'a yes b');
  });

  it("has the author's paths", () => {
    assert.equal(authorsPaths("open /src/base/web.yaml: no; in '/src'"), "open base/web.yaml: no; in '.'");
    assert.equal(authorsPaths('/srcs/x'), '/srcs/x');
  });
});

describe('an engine that ends without an answer', () => {
  const outcome = { answer: undefined, exitCode: 2, escapes: [] };

  it('is said to need memory where that is why', () => {
    const errors =
      'runtime: goroutine stack exceeds 1000000000-byte limit\nfatal error: stack overflow\ngoroutine 1';
    assert.equal(
      failureOfEngine({ ...outcome, errors }, 'chart a')?.message,
      'chart a needs more memory to render than there is',
    );
  });

  it('repeats nothing of what it printed', () => {
    const message = failureOfEngine({ ...outcome, errors: 'panic: hunter2' }, 'chart a')?.message;
    assert.equal(message, 'chart a cannot be rendered: the engine stopped with code 2');
  });
});
