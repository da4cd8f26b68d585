import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The Node versions that agents carry. Agent: Misc/externals.sh. */
export const agentRuntimes = { 20: '20.20.2', 24: '24.18.1' } as const;

/**
 * The Node that an agent runs a handler with: this process's own if it is that version, else the one that the npm
 * package `node` brings, fetched once through npm and kept in the user's cache.
 */
export async function nodeRuntime(major: keyof typeof agentRuntimes): Promise<string> {
  const version = agentRuntimes[major];
  if (process.version === `v${version}`) return process.execPath;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const directory = join(cache, 'aks-delivery', 'node', version);
  const executable = join(directory, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(executable)) return executable;
  // Built aside and moved into place, so that an interrupted or a second fetch leaves no half of it.
  const aside = `${directory}.${process.pid}`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  const install = ['install', '--prefix', aside, '--no-save', '--no-audit', '--no-fund', `node@${version}`];
  await promisify(execFile)('npm', install, { cwd: aside });
  await rm(directory, { recursive: true, force: true });
  await rename(aside, directory);
  return executable;
}
