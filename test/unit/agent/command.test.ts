import assert from 'node:assert/strict';
import { escape, parseCommand, unescape } from '../../../sandbox/agent/command.ts';

function parts(line: string): unknown {
  const command = parseCommand(line);
  return (
    command && [`${command.area}.${command.event}`, Object.fromEntries(command.properties), command.data]
  );
}

describe('a logging command', () => {
  const good: readonly (readonly [string, string, unknown])[] = [
    ['without properties', '##vso[task.debug]hello', ['task.debug', {}, 'hello']],
    ['after other text', 'INFO ##vso[task.debug]hello', ['task.debug', {}, 'hello']],
    [
      'with properties, however they end',
      '##vso[task.setvariable variable=a;isOutput=true;]v',
      ['task.setvariable', { variable: 'a', isoutput: 'true' }, 'v'],
    ],
    ['in any case', '##vso[Task.LogIssue Type=error]x', ['task.logissue', { type: 'error' }, 'x']],
    ['whose value has an equals sign', '##vso[a.b k=v=w]', ['a.b', { k: 'v=w' }, '']],
    ['whose property has no value', '##vso[a.b k=;l]x', ['a.b', {}, 'x']],
    ['whose data has brackets', '##vso[a.b]x]y##vso[c.d]z', ['a.b', {}, 'x]y##vso[c.d]z']],
    ['escaped', '##vso[a.b k=%3B%5D%AZP25;]%0D%0A%3B%AZP2541', ['a.b', { k: ';]%' }, '\r\n;%41']],
    ['with superfluous dots', '##vso[.task..debug.]x', ['task.debug', {}, 'x']],
    ['whose name begins with a blank', '##vso[ a.b k=v]x', undefined],
    ['of one word', '##vso[task]x', undefined],
    ['of three words', '##vso[a.b.c]x', undefined],
    ['that never ends', '##vso[task.debug', undefined],
    ['in another spelling', '##VSO[task.debug]x', undefined],
    ['neutralised', '##_vso[task.debug]x', undefined],
    ['that is none', 'plain text', undefined],
  ];
  for (const [name, line, expected] of good) {
    it(`${name} is ${expected === undefined ? 'none' : 'found'}`, () => {
      assert.deepEqual(parts(line), expected);
    });
  }

  it('keeps any text through escaping and back', () => {
    for (const text of ['a;b]c\r\n%', '%3B', '%AZP25', '%AZP253B', '100 %']) {
      assert.equal(unescape(escape(text)), text);
    }
  });
});
