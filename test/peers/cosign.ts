import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const version = 'v3.1.3';

/**
 * The path of cosign: what COSIGN names, or else one built by Go, kept in the cache between runs. The first build takes
 * some minutes.
 */
export async function cosign(): Promise<string> {
  const own = process.env['COSIGN'];
  if (own !== undefined) return own;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const directory = join(cache, 'aks-delivery', 'peers', `cosign-${version}`);
  const program = join(directory, 'cosign');
  if (existsSync(program)) return program;
  await mkdir(directory, { recursive: true });
  await promisify(execFile)('go', ['install', `github.com/sigstore/cosign/v3/cmd/cosign@${version}`], {
    env: { ...process.env, GOBIN: directory },
  });
  return program;
}
