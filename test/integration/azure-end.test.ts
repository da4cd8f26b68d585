import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startAzure } from '../../sandbox/azure/azure.ts';
import { SandboxError } from '../../sandbox/errors.ts';
import { createAuthority } from '../../sandbox/pki.ts';
import { processes } from '../support/traces.ts';

describe('a local Azure that is killed', function () {
  this.timeout(600_000);
  let directory: string;
  let child: ChildProcess;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'azure-end-'));
    const script = fileURLToPath(new URL('../support/azure-process.ts', import.meta.url));
    child = spawn(process.execPath, ['--import', 'tsx', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('no output to read');
    await once(createInterface({ input: child.stdout }), 'line');
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('takes its registries along', async () => {
    assert.equal((await registriesOf(directory)).length, 2);
    child.kill('SIGKILL');
    await once(child, 'close');
    for (let attempt = 0; attempt < 100 && (await registriesOf(directory)).length > 0; attempt += 1)
      await setTimeout(50);
    assert.deepEqual(await registriesOf(directory), []);
  });
});

describe('a local Azure whose registry does not run', () => {
  it('says so, and leaves nothing behind', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'azure-end-'));
    const authority = await createAuthority('doomed');
    await assert.rejects(
      startAzure({ authority, directory, registryBinary: join(directory, 'nothing') }),
      (error) => {
        assert.ok(error instanceof SandboxError);
        assert.equal(error.problem, 'ComponentFailed');
        return true;
      },
    );
    assert.deepEqual(await registriesOf(directory), []);
    await rm(directory, { recursive: true });
  });
});

/** Command lines of the registry processes whose configuration is below the directory. */
async function registriesOf(directory: string): Promise<string[]> {
  const commands = (await processes()).map(({ command }) => command);
  return commands.filter((command) => command.includes(' serve ') && command.includes(`${directory}/`));
}
