import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { openEngines, type Engines } from '../../core/render/engines.ts';
import { buildRenderer } from '../../scripts/renderer.ts';

export const charts = join(import.meta.dirname, '../fixtures/charts');
export const overlays = join(import.meta.dirname, '../fixtures/overlays');

let opened: Promise<Engines> | undefined;

/** The real engines, built if they are not in the cache, and compiled once for all tests of the run. */
export async function realEngines(): Promise<Engines> {
  opened ??= buildRenderer().then((directory) => openEngines(directory));
  return opened;
}

/** A folder with these files, gone when `use` has ended. */
export async function withFiles<Result>(
  files: Readonly<Record<string, string>>,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'aks-delivery-render-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), text);
    }
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A chart's folder as the archive that `helm package` would make, less what .helmignore names. */
export async function packChart(directory: string, name: string, archive: string): Promise<void> {
  const tar = pack();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    if (entry.isFile() && !/^drafts|\.bak$|ignored-/.test(path))
      tar.entry({ name: `${name}/${path}` }, await readFile(join(directory, path)));
  }
  tar.finalize();
  await pipeline(tar, createGzip(), createWriteStream(archive));
}
