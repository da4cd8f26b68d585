import assert from 'node:assert/strict';
import { CommandLog } from '../../../core/host/agent-log.ts';
import { FakeSdk } from '../../support/fake-sdk.ts';

function logInto(lines: string[], sdk = new FakeSdk()): CommandLog {
  return new CommandLog(
    sdk,
    (line) => lines.push(line),
    (text) => text.replaceAll('hunter22', '***'),
  );
}

describe("the task's log", () => {
  it('heads a phase and folds a block', () => {
    const lines: string[] = [];
    const log = logInto(lines);
    log.phase('Plan');
    log.line('3 objects');
    log.block('Objects', ['created a', 'created b']);
    assert.deepEqual(lines, [
      '##[section]Plan',
      '3 objects',
      '##[group]Objects',
      'created a',
      'created b',
      '##[endgroup]',
    ]);
  });

  it('prints no command and no secret, whoever wrote the text', () => {
    const lines: string[] = [];
    const sdk = new FakeSdk();
    const log = logInto(lines, sdk);
    const hostile = 'a\n##vso[task.complete]hunter22';
    log.phase(hostile);
    log.line(hostile);
    log.block(hostile, [hostile]);
    log.warning(hostile);
    log.error(hostile);
    log.debug(hostile);
    log.progress(5, hostile);
    const everything = [...lines, ...sdk.commands.map(({ data }) => data)];
    assert.equal(everything.length, 11);
    for (const text of everything) assert.doesNotMatch(text, /##vso\[|hunter22/);
    for (const line of lines) assert.doesNotMatch(line, /\n/);
  });

  it('places an issue in its file', () => {
    const sdk = new FakeSdk();
    logInto([], sdk).warning('no limits', { file: 'deploy/web.yaml', line: 12 });
    assert.deepEqual(sdk.commands, [
      {
        name: 'task.logissue',
        properties: { type: 'warning', sourcepath: 'deploy/web.yaml', linenumber: '12', columnnumber: '1' },
        data: 'no limits',
      },
    ]);
  });

  it('keeps progress within its bounds', () => {
    const sdk = new FakeSdk();
    const log = logInto([], sdk);
    for (const percent of [-5, 33.4, 120]) log.progress(percent, 'x');
    assert.deepEqual(
      sdk.commands.map(({ properties }) => properties['value']),
      ['0', '33', '100'],
    );
  });
});
