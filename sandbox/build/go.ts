import { execFile, spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { SandboxError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { cacheDirectory, cached, contentKey } from './cache.ts';

const run = promisify(execFile);

export interface GoBuild {
  /** Directory of go.mod. */
  readonly module: string;
  /** Import path or `./directory`; the module's own directory by default. */
  readonly package?: string;
  /** Name of the executable; the package's last path element by default. */
  readonly name?: string;
  readonly goos?: string;
  readonly goarch?: string;
  /** Linker flags beside `-s -w`, such as `-X main.version=1`. */
  readonly ldflags?: readonly string[];
}

export interface Go {
  readonly path: string;
  readonly version: string;
}

/**
 * Builds a static executable and answers its path: from the cache if the same sources were built with the same flags and
 * the same Go before. Fails with `GoMissing` or `BuildFailed`.
 */
export async function buildGo(build: GoBuild, progress: Progress = () => undefined): Promise<string> {
  const go = await findGo(build.module);
  const target = build.package ?? '.';
  const name = build.name ?? basename(target === '.' ? build.module : target);
  const platform = { ...(build.goos && { GOOS: build.goos }), ...(build.goarch && { GOARCH: build.goarch }) };
  const ldflags = ['-s', '-w', ...(build.ldflags ?? [])].join(' ');
  const key = await contentKey(build.module, [go.version, target, JSON.stringify(platform), ldflags]);
  return cached(join(cacheDirectory(), 'bin', `${name}-${key}`, name), async (temporary) => {
    const environment = { ...process.env, ...platform, CGO_ENABLED: '0' };
    const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', `-ldflags=${ldflags}`];
    await compile(go, { name, directory: build.module, target, flags, temporary, environment }, progress);
  });
}

async function compile(
  go: Go,
  job: {
    readonly name: string;
    readonly directory: string;
    readonly target: string;
    readonly flags: readonly string[];
    readonly temporary: string;
    readonly environment: NodeJS.ProcessEnv;
  },
  progress: Progress,
): Promise<void> {
  const started = Date.now();
  progress(`building ${job.name} with ${go.version}`);
  const child = spawn(go.path, ['build', '-v', ...job.flags, '-o', job.temporary, job.target], {
    cwd: job.directory,
    env: job.environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A build takes minutes: whoever asks this process to stop does not want to wait for it.
  const stop = (): void => void child.kill('SIGTERM');
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  const ending = new Promise<number | Error>((resolve) => {
    child.once('error', resolve);
    child.once('close', (code) => {
      for (const signal of signals) process.off(signal, stop);
      resolve(code ?? 1);
    });
  });

  // With -v go names each package it compiles and each module it downloads; packages from its own cache are not named.
  const total = countPackages(go, job.directory, job.target, job.environment);
  let packages = 0;
  let limit = '';
  void total.then((count) => (limit = count === undefined ? '' : ` of at most ${count}`));
  let reported = started;
  const tail: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    tail.push(line);
    if (tail.length > 30) tail.shift();
    if (!line.startsWith('go: ') && !line.includes(' ')) packages += 1;
    if (Date.now() - reported < 2000) continue;
    reported = Date.now();
    const what = line.startsWith('go: downloading') ? line.slice(4) : `${packages}${limit} packages compiled`;
    progress(`building ${job.name}: ${what}, ${seconds(started)}`);
  }
  const code = await ending;
  if (code === 0) {
    progress(`built ${job.name} in ${seconds(started)}`);
    return;
  }
  const message = code instanceof Error ? code.message : tail.filter((line) => line.includes(' ')).join('\n');
  throw new SandboxError('BuildFailed', `go build of ${job.name} in ${job.directory} failed:\n${message}`, {
    hint: 'The Go module proxy (GOPROXY) and, for an older Go, the toolchain download (GOTOOLCHAIN=auto) must be reachable.',
  });
}

async function countPackages(
  go: Go,
  directory: string,
  target: string,
  environment: NodeJS.ProcessEnv,
): Promise<number | undefined> {
  try {
    const options = { cwd: directory, env: environment, maxBuffer: 16 << 20 };
    const { stdout } = await run(go.path, ['list', '-mod=readonly', '-deps', target], options);
    return stdout.trimEnd().split('\n').length;
  } catch {
    // Only a figure for the eye: if the sources are wrong, the build itself says so.
    return undefined;
  }
}

/** Where Go is: on the PATH, and where its own installers put it without saying so to a shell that is already open. */
function goCandidates(): readonly string[] {
  const root = process.env['GOROOT'];
  return ['go', ...(root ? [join(root, 'bin/go')] : []), '/usr/local/go/bin/go', '/opt/homebrew/bin/go'];
}

/** The go command, and the version that would build this module: GOTOOLCHAIN may choose another than the one installed. */
export async function findGo(module: string, candidates: readonly string[] = goCandidates()): Promise<Go> {
  for (const path of candidates) {
    try {
      const { stdout } = await run(path, ['env', 'GOVERSION'], { cwd: module });
      return { path, version: stdout.trim() };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      const { stderr } = error as { stderr?: string };
      throw new SandboxError('GoMissing', `${path} can't build ${module}: ${(stderr ?? '').trim()}`, {
        hint: goHint,
        cause: error,
      });
    }
  }
  throw new SandboxError('GoMissing', 'Go is not installed, and the local world is built with it', {
    hint: goHint,
  });
}

const goHint =
  'Either install Go 1.26 or newer (https://go.dev/dl/) and run this again: it builds a cluster here. Or bring clusters of ' +
  'your own: set KUBECONFIG and name their contexts in AKS_DELIVERY_STAGING_CONTEXT and AKS_DELIVERY_PRODUCTION_CONTEXT ' +
  '(docs/sandbox.md); with etcd and kube-apiserver at hand, KUBEBUILDER_ASSETS saves their build.';

function seconds(since: number): string {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}
