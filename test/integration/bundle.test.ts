import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkout } from '../../scripts/bundle/checkout.ts';
import { bundleTask, type BundleExtras, type TaskBundle } from '../../scripts/bundle/task-bundle.ts';

describe('the bundler', function () {
  this.timeout(60_000);
  let directory: string;

  beforeEach(() => {
    // In the checkout, where packages are found.
    mkdirSync(join(checkout, 'build'), { recursive: true });
    directory = mkdtempSync(join(checkout, 'build', 'bundler-'));
    mkdirSync(join(directory, 'source'));
    writeFileSync(join(directory, 'source/task.json'), '{}');
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function bundle(code: string | undefined, extras?: BundleExtras): Promise<TaskBundle> {
    if (code !== undefined) writeFileSync(join(directory, 'source/index.ts'), code);
    const from = relative(checkout, directory);
    return bundleTask('sample', join(from, 'source'), join(from, 'tasks'), extras);
  }

  it('builds once, and again when something that went in has changed', async () => {
    assert.equal((await bundle("console.log('one');")).built, true);
    assert.equal((await bundle(undefined)).built, false);
    const again = await bundle("console.log('two, which is longer');");
    assert.equal(again.built, true);
    assert.match(readFileSync(join(again.directory, 'index.js'), 'utf8'), /two, which is longer/);
  });

  it('puts whole folders beside the code, and notices when they are others', async () => {
    const engines = join(directory, 'engines');
    mkdirSync(engines);
    writeFileSync(join(engines, 'one.wasm'), 'x');
    const made = await bundle('export {};', { folders: { renderer: engines } });
    assert.equal(readFileSync(join(made.directory, 'renderer/one.wasm'), 'utf8'), 'x');
    const without = await bundle(undefined);
    assert.equal(without.built, true);
    assert.equal(existsSync(join(without.directory, 'renderer')), false);
  });

  it('keeps the source map out of the task', async () => {
    const { directory: task } = await bundle('export const a = 1;');
    assert.equal(existsSync(join(task, 'index.js.map')), false);
    assert.equal(existsSync(join(directory, 'maps/sample.js.map')), true);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    [
      "the agent's SDK imported outside core/host",
      "import * as tl from 'azure-pipelines-task-lib/task.js'; tl.debug('x');",
      /source\/index\.ts imports azure-pipelines-task-lib/,
    ],
    [
      'what esbuild warns of',
      'console.log(import.meta.dirname);',
      /esbuild warns of sample:\n.*index\.ts:1 .*import\.meta/,
    ],
  ];
  for (const [name, code, message] of refused) {
    it(`refuses ${name}, and leaves what was built before`, async () => {
      const { directory: task } = await bundle("console.log('good');");
      await assert.rejects(bundle(code), message);
      assert.match(readFileSync(join(task, 'index.js'), 'utf8'), /good/);
    });
  }
});
