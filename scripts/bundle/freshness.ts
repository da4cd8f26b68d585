import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { version } from 'esbuild';
import { checkout } from './checkout.ts';

/** What went into the last build: if every file still looks the same, so would the result. */
interface Stamp {
  readonly recipe: string;
  readonly size: number;
  readonly files: Readonly<Record<string, string>>;
}

/** The size of the bundle that the stamp describes; undefined when anything has changed since, or there is none. */
export async function isFresh(path: string, recipe: string): Promise<number | undefined> {
  const stamp = await readFile(path, 'utf8').then(
    (text) => JSON.parse(text) as Stamp,
    () => undefined,
  );
  if (stamp?.recipe !== hash(recipe)) return undefined;
  const current = await Promise.all(
    Object.entries(stamp.files).map(async ([file, mark]) => (await markOf(file)) === mark),
  );
  return current.every(Boolean) ? stamp.size : undefined;
}

export async function writeStamp(
  path: string,
  recipe: string,
  size: number,
  files: readonly string[],
): Promise<void> {
  // The lockfile stands for whatever resolution would find instead of these files; this folder's code is part of it.
  const bundler = readdirSync(import.meta.dirname).map((name) => join(import.meta.dirname, name));
  const all = [...new Set([...files, 'package-lock.json', ...bundler])];
  const marks = await Promise.all(all.map(async (file) => [file, await markOf(file)] as const));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify({ recipe: hash(recipe), size, files: Object.fromEntries(marks) }));
}

async function markOf(file: string): Promise<string> {
  return stat(resolve(checkout, file)).then(
    ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
    () => 'absent',
  );
}

function hash(recipe: string): string {
  return createHash('sha256')
    .update(version + recipe)
    .digest('hex');
}
