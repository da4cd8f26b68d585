import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The commit that CI builds: this checkout's; without git, a hash of the sample's sources that looks like one. */
export function commitOf(repository: string): string {
  try {
    const options = { cwd: repository, encoding: 'utf8', stdio: 'pipe' } as const;
    return execFileSync('git', ['rev-parse', 'HEAD'], options).trim();
  } catch {
    const sample = path.join(repository, 'pipelines/sample');
    const hash = createHash('sha1');
    for (const name of readdirSync(sample, { recursive: true, encoding: 'utf8' }).sort()) {
      try {
        hash.update(name).update(readFileSync(path.join(sample, name)));
      } catch {
        // A folder: its files come by themselves.
      }
    }
    return hash.digest('hex');
  }
}
