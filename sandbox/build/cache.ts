import { createHash, type Hash } from 'node:crypto';
import { access, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where built programs are kept: outside the checkout, so that every clone and worktree shares them. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const root = environment['XDG_CACHE_HOME'];
  return join(root === undefined || root === '' ? join(homedir(), '.cache') : root, 'aks-delivery');
}

/** SHA-256 over the parts and over every file of the directory (name and content), hidden ones aside; 16 hex digits. */
export async function contentKey(directory: string, parts: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part}\0`);
  await addDirectory(hash, directory, '');
  return hash.digest('hex').slice(0, 16);
}

async function addDirectory(hash: Hash, directory: string, prefix: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await addDirectory(hash, path, `${prefix}${entry.name}/`);
    else hash.update(`${prefix}${entry.name}\0`).update(await readFile(path)).update('\0');
  }
}

/**
 * The path of the file kept under this name, made first if it is not there. `make` writes to the path it is given; the
 * file appears under its name complete or not at all. Others who want the same one wait for it rather than make it again.
 */
export async function cached(path: string, make: (temporary: string) => Promise<void>): Promise<string> {
  if (await exists(path)) return path;
  await mkdir(join(path, '..'), { recursive: true });
  const unlock = await lock(`${path}.lock`);
  try {
    if (await exists(path)) return path;
    const temporary = `${path}.${process.pid}.part`;
    try {
      await make(temporary);
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
    return path;
  } finally {
    await unlock();
  }
}

/** The lock saves work, it is not needed for correctness: a stale one that two take over at once costs a second build. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isStale(path)) await rm(path, { force: true });
      else await sleep(200);
    }
  }
}

async function isStale(path: string): Promise<boolean> {
  const holder = Number(await readFile(path, 'utf8').catch(() => ''));
  // Just made and not yet written to, or just gone: look again.
  if (!Number.isInteger(holder) || holder <= 0) return false;
  try {
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
