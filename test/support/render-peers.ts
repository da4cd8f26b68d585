import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, cached } from '../../sandbox/build/cache.ts';
import { rendererVersions } from '../../scripts/renderer.ts';

const run = promisify(execFile);
const { helm, kustomize } = rendererVersions;

/** The programs whose answer ours must be; `helm3` is what many charts' users still have. */
const peers = {
  helm: {
    command: 'helm.sh/helm/v4/cmd/helm',
    version: helm.version,
    flags: `-X ${helm.versionFlag}=${helm.version}`,
  },
  helm3: {
    command: 'helm.sh/helm/v3/cmd/helm',
    version: 'v3.22.0',
    flags: '-X helm.sh/helm/v3/internal/version.version=v3.22.0',
  },
  kustomize: {
    command: 'sigs.k8s.io/kustomize/kustomize/v5',
    version: kustomize.version,
    flags: `-X ${kustomize.versionFlag}=${kustomize.version}`,
  },
} as const;

export type RenderPeer = keyof typeof peers;

/** The path of the program, built from the Go module proxy the first time and kept outside the checkout. */
export async function renderPeer(name: RenderPeer): Promise<string> {
  const { command, version, flags } = peers[name];
  return cached(join(cacheDirectory(), 'peers', `${name}-${version}`), async (temporary) => {
    const directory = await mkdtemp(join(tmpdir(), `aks-delivery-${name}-`));
    try {
      const env = { ...process.env, CGO_ENABLED: '0', GOBIN: directory };
      await run('go', ['install', `-ldflags=-s -w ${flags}`, `${command}@${version}`], {
        env,
        maxBuffer: 1 << 26,
      });
      await rename(join(directory, name === 'kustomize' ? 'kustomize' : 'helm'), temporary);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** What it writes to standard output, or its standard error when it fails. */
export async function answerOf(
  name: RenderPeer,
  args: readonly string[],
): Promise<{ readonly output: string; readonly error?: string }> {
  const path = await renderPeer(name);
  const home = await mkdtemp(join(tmpdir(), 'aks-delivery-home-'));
  try {
    const env = { PATH: process.env['PATH'] ?? '', HOME: home };
    const { stdout } = await run(path, args, { env, maxBuffer: 1 << 26 });
    return { output: stdout };
  } catch (error) {
    return { output: '', error: (error as { readonly stderr: string }).stderr };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
