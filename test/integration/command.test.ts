import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type Command } from '../../core/clients/command/command.ts';
import { isDeliveryError } from '../../core/model/errors.ts';
import { filesDoor } from '../../tasks/acceptance-gate/files.ts';

describe('a command of the gate', function () {
  this.timeout(20_000);
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'command-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function run(
    command: Command['command'],
    signal = new AbortController().signal,
    onLine?: (line: string) => void,
  ) {
    const lines: string[] = [];
    const take = (line: string): void => {
      lines.push(line);
      onLine?.(line);
    };
    const end = await runCommand(
      { command, environment: { GREETING: 'hi' }, workingDirectory: directory },
      take,
      signal,
    );
    return { ...end, lines };
  }

  it('gives its lines, its exit code and sees its environment', async () => {
    const end = await run({ shell: 'echo "$GREETING"; pwd; echo wrong >&2; exit 3' });
    assert.equal(end.exitCode, 3);
    assert.deepEqual(end.lines.toSorted(), [directory, 'hi', 'wrong'].toSorted());
  });

  it('passes arguments as they are, with no shell between', async () => {
    const end = await run({ program: 'printf', args: ['%s\n', '$HOME; echo x', '*'] });
    assert.deepEqual(end.lines, ['$HOME; echo x', '*']);
  });

  it('has no input to wait for', async () => {
    assert.equal((await run({ program: 'cat', args: [] })).exitCode, 0);
  });

  it('is killed with everything it started when it is aborted', async () => {
    const cancellation = new AbortController();
    const pids: number[] = [];
    const under = run(
      { shell: 'sleep 300 & echo $!; trap "" TERM; sleep 301 & echo $!; wait' },
      cancellation.signal,
      (line) => {
        pids.push(Number(line));
        if (pids.length === 2) cancellation.abort(new Error('cancelled'));
      },
    );
    await assert.rejects(under, /cancelled/);
    assert.equal(pids.length, 2);
    for (const pid of pids) assert.equal(await isGone(pid), true);
  });

  it('leaves nothing running behind it', async () => {
    const { lines } = await run({ shell: 'sleep 302 & echo $!' });
    assert.equal(await isGone(Number(lines[0])), true);
  });

  it('that cannot be started is an error that says so', async () => {
    await assert.rejects(
      run({ program: 'no-such-program-here', args: [] }),
      (error) =>
        isDeliveryError(error) &&
        error.code === 'FileNotFound' &&
        /no-such-program-here cannot be started/.test(error.message),
    );
  });
});

/** The kernel reaps what init adopts in its own time. */
async function isGone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

describe('result files on the agent', () => {
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'results-'));
    for (const path of ['a.xml', 'b.json', 'one/c.xml', 'one/two/d.xml', 'node_modules/e.xml']) {
      await mkdir(join(directory, path, '..'), { recursive: true });
      await writeFile(join(directory, path), path);
    }
    await utimes(join(directory, 'a.xml'), 1_000, 1_000);
  });
  after(() => rm(directory, { recursive: true }));

  for (const [patterns, expected] of [
    [['a.xml'], ['a.xml']],
    [['*.xml'], ['a.xml']],
    [['**/*.xml'], ['a.xml', 'one/c.xml', 'one/two/d.xml']],
    [['one/**'], ['one/c.xml', 'one/two/d.xml']],
    [['one/*.xml', '**/c.xml'], ['one/c.xml']],
    [['*/two/d.xml'], ['one/two/d.xml']],
    [['nowhere/*.xml', 'none.xml', 'one'], []],
  ] as const) {
    it(`are found by ${patterns.join(' ')}`, async () => {
      const files = await filesDoor(directory).find(patterns);
      assert.deepEqual(
        files.map((file) => file.name),
        expected,
      );
      assert.deepEqual(
        files.map((file) => file.text),
        expected,
      );
    });
  }

  it('are left out when they are older than what is asked for', async () => {
    const files = await filesDoor(directory).find(['**/*.xml'], Date.now() - 60_000);
    assert.deepEqual(
      files.map((file) => file.name),
      ['one/c.xml', 'one/two/d.xml'],
    );
  });
});
