/**
 * Builds what the tasks render with: Kustomize's and Helm's Go libraries as WebAssembly, compressed, and the thread that
 * runs them. `node --import tsx scripts/renderer.ts` prints the folder they are in.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { build } from 'esbuild';
import { cacheDirectory, cached } from '../sandbox/build/cache.ts';
import { buildGo, findGo } from '../sandbox/build/go.ts';
import type { Progress } from '../sandbox/progress.ts';

/** The files of the folder that `buildRenderer` answers, in the order they are made. */
export const rendererFiles = [
  'kustomize.wasm.br',
  'helm.wasm.br',
  'ThirdPartyNotices.txt',
  'worker.mjs',
] as const;

/**
 * What the engines call themselves, where charts and labels ask: the releases that renderer/<name>/go.mod has the libraries
 * of. The released programs are linked with the same flags.
 */
export const rendererVersions = {
  kustomize: { version: 'v5.8.2', versionFlag: 'sigs.k8s.io/kustomize/api/provenance.version' },
  helm: { version: 'v4.3.1', versionFlag: 'helm.sh/helm/v4/internal/version.version' },
} as const;

const checkout = fileURLToPath(new URL('..', import.meta.url));

/**
 * The folder with the engines, for openEngines: from the cache outside the checkout if the same sources were built before.
 * @throws SandboxError `GoMissing`, `BuildFailed`
 */
export async function buildRenderer(progress: Progress = () => undefined): Promise<string> {
  const programs: string[] = [];
  for (const [name, { versionFlag, version }] of Object.entries(rendererVersions)) {
    const module = join(checkout, 'renderer', name);
    const ldflags = [`-X ${versionFlag}=${version}`];
    programs.push(
      await buildGo({ module, name: `${name}.wasm`, goos: 'wasip1', goarch: 'wasm', ldflags }, progress),
    );
  }
  const worker = await bundleWorker();
  // Where a program is cached says what it was built from.
  const origins = programs.map((path) => basename(dirname(path)));
  const key = createHash('sha256')
    .update([...origins, process.versions.node].join('\0'))
    .update(worker)
    .digest('hex');
  const directory = join(cacheDirectory(), 'renderer', key.slice(0, 16));
  for (const program of programs) {
    await cached(join(directory, `${basename(program)}.br`), async (temporary) => {
      progress(`compressing ${basename(program)}`);
      await writeFile(temporary, await compressed(program));
    });
  }
  await cached(join(directory, 'ThirdPartyNotices.txt'), async (temporary) => {
    await writeFile(temporary, await notices());
  });
  await cached(join(directory, 'worker.mjs'), (temporary) => writeFile(temporary, worker));
  return directory;
}

async function bundleWorker(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: checkout,
    entryPoints: ['core/render/engine-worker.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    write: false,
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

async function compressed(path: string): Promise<Uint8Array> {
  const program = await readFile(path);
  return promisify(brotliCompress)(program, {
    params: {
      // The highest (11) takes a fifth off the size and twenty times as long.
      [constants.BROTLI_PARAM_QUALITY]: 5,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: program.length,
    },
  });
}

interface GoModule {
  readonly name: string;
  readonly directory: string;
}

/** The notices that the licences of the engines' Go modules ask for. */
async function notices(): Promise<string> {
  const found = new Map<string, GoModule>();
  for (const name of Object.keys(rendererVersions)) {
    for (const module of await goModules(join(checkout, 'renderer', name))) found.set(module.name, module);
  }
  const parts = ['The engines contain the following Go modules, and the Go runtime and library.\n'];
  for (const [name, { directory }] of [...found].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const files = (await readdir(directory))
      .sort()
      .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
    parts.push(`${'-'.repeat(80)}\n${name}\n\n${texts.map((text) => text.trim()).join('\n\n')}\n`);
  }
  return parts.join('\n');
}

/** Those whose code is in the program: not everything that go.mod names. */
async function goModules(directory: string): Promise<readonly GoModule[]> {
  const format =
    '{{with .Module}}{{if and .Version (not .Replace)}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}';
  const { path } = await findGo(directory);
  const { stdout } = await promisify(execFile)(path, ['list', '-deps', '-f', format, '.'], {
    cwd: directory,
    env: { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm' },
    maxBuffer: 1 << 26,
  });
  const { stdout: root } = await promisify(execFile)(path, ['env', 'GOROOT'], { cwd: directory });
  const modules = stdout.split('\n').filter((line) => line !== '');
  return [
    { name: 'Go', directory: root.trim() },
    ...[...new Set(modules)].map((line) => {
      const [name = '', place = ''] = line.split('\t');
      return { name, directory: place };
    }),
  ];
}

if (process.argv[1] === import.meta.filename) {
  const progress = (line: string): void => {
    console.error(line);
  };
  console.log(await buildRenderer(progress));
}
