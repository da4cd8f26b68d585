/** Makes the extension: `npm run package` writes out/<publisher>.<id>-<version>.vsix. The same commit, the same bytes. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildTasks } from './build.ts';
import { checkout } from './bundle/checkout.ts';
import { normaliseArchive } from './extension-archive.ts';
import { checkExtension, type ExtensionManifest } from './extension-check.ts';

/** What servers on premises take at most (26,214,400 bytes). */
const largest = 25 * 1024 * 1024;

export interface Package {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** @throws Error everything that is wrong with the extension, before tfx is asked */
export async function packageExtension(outputs = join(checkout, 'out')): Promise<Package> {
  const tasks = await buildTasks();
  const stage = join(checkout, 'build/extension');
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  for (const name of ['vss-extension.json', 'overview.md', 'LICENSE', 'images']) {
    await cp(join(checkout, name), join(stage, name), { recursive: true });
  }
  for (const { name, directory } of tasks)
    await cp(directory, join(stage, 'tasks', name), { recursive: true });
  const problems = checkExtension(stage);
  if (problems.length > 0)
    throw new Error(`The extension is not fit to be packaged:\n  ${problems.join('\n  ')}`);

  const raw = join(checkout, 'build/extension.vsix');
  const tfx = join(checkout, 'node_modules/tfx-cli/_build/tfx-cli.js');
  const create = ['extension', 'create', '--root', stage, '--manifests', 'vss-extension.json'];
  await promisify(execFile)(process.execPath, [
    tfx,
    ...create,
    '--output-path',
    raw,
    '--no-prompt',
    '--no-color',
  ]);
  const archive = await normaliseArchive(await readFile(raw));
  await rm(raw);
  if (archive.length > largest)
    throw new Error(`The extension has ${archive.length} bytes; the limit is ${largest}.`);

  const manifest = JSON.parse(await readFile(join(stage, 'vss-extension.json'), 'utf8')) as ExtensionManifest;
  const path = join(outputs, `${manifest.publisher}.${manifest.id}-${manifest.version}.vsix`);
  await mkdir(outputs, { recursive: true });
  await writeFile(path, archive);
  return { path, size: archive.length, sha256: createHash('sha256').update(archive).digest('hex') };
}

if (process.argv[1] === import.meta.filename) {
  const { path, size, sha256 } = await packageExtension();
  console.log(`${path}\n${(size / 1024 / 1024).toFixed(2)} MB  sha256:${sha256}`);
}
