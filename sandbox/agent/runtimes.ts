import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { arch, homedir, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * A Node that agents run handlers with: this process's own if it is of that version, else the newest of it that npm has
 * for this machine, fetched once and kept in the user's cache. Agents carry 20.20 and 24.18 now, and 20.9.0 is the first
 * Node 20 that one had (Misc/externals.sh of 3.232.1).
 * The packages are those that the npm package `node` chooses among in an install script, which npm may not run.
 */
export async function nodeRuntime(version: 20 | 24 | '20.9.0'): Promise<string> {
  if (process.versions.node === version || process.versions.node.startsWith(`${version}.`))
    return process.execPath;
  const prefix = platform() === 'darwin' && arch() === 'arm64' ? 'node-bin' : 'node';
  const name = `${prefix}-${platform()}-${arch()}`;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const directory = join(cache, 'aks-delivery', `node-${version}`);
  const executable = join(directory, 'node_modules', name, 'bin', 'node');
  if (existsSync(executable)) return executable;
  // Fetched aside and moved into place, so that an interrupted or a second fetch leaves no half of it.
  const aside = `${directory}.${process.pid}`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  await promisify(execFile)('npm', ['install', '--prefix', aside, ...quiet, `${name}@${version}`], {
    cwd: aside,
  });
  await rm(directory, { recursive: true, force: true });
  await rename(aside, directory);
  return executable;
}
