import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, cached } from '../../../sandbox/build/cache.ts';

const run = promisify(execFile);

/** The tools that people copy images with today, at the versions that we compare ourselves to. */
const peers = {
  crane: { module: 'github.com/google/go-containerregistry', command: 'cmd/crane', version: 'v0.22.1' },
  regctl: { module: 'github.com/regclient/regclient', command: 'cmd/regctl', version: 'v0.11.7' },
  oras: { module: 'oras.land/oras', command: 'cmd/oras', version: 'v1.3.2' },
} as const;

export type PeerName = keyof typeof peers;
export const peerNames = Object.keys(peers) as readonly PeerName[];

/** The path of the tool's executable, built from the Go module proxy the first time and kept outside the checkout. */
export async function peerTool(
  name: PeerName,
  progress: (line: string) => void = () => undefined,
): Promise<string> {
  const { version } = peers[name];
  return cached(join(cacheDirectory(), 'peers', `${name}-${version}`), async (temporary) => {
    progress(`building ${name} ${version}`);
    const directory = await mkdtemp(join(tmpdir(), `aks-delivery-${name}-`));
    try {
      await build(name, directory);
      await rename(join(directory, name), temporary);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** A module of our own that requires the tool's: `go install` refuses modules with replacements, as oras has. */
async function build(name: PeerName, directory: string): Promise<void> {
  const { module, command, version } = peers[name];
  const options = { cwd: directory, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, CGO_ENABLED: '0' } };
  await writeFile(join(directory, 'go.mod'), `module peer\n\ngo 1.24\n\nrequire ${module} ${version}\n`);

  await run('go', ['mod', 'download', module], options);
  await run('go', ['get', `${module}/${command}@${version}`], options);
  await run('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', name, `${module}/${command}`], options);
}
