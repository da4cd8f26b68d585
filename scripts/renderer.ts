/**
 * Builds what the tasks render with: Kustomize's and Helm's Go libraries as WebAssembly, compressed, and the thread that
 * runs them. `node --import tsx scripts/renderer.ts` prints the folder they are in.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { build } from 'esbuild';
import { cacheDirectory, cached } from '../sandbox/build/cache.ts';
import { buildGo } from '../sandbox/build/go.ts';
import type { Progress } from '../sandbox/progress.ts';

export interface RendererBuild {
  /** `small` takes a minute or two and is for what is published; `fast` is a fifth larger. */
  readonly compression?: 'fast' | 'small';
  readonly progress?: Progress;
}

/** The files of the folder that `buildRenderer` answers, in the order they are made. */
export const rendererFiles = ['kustomize.wasm.br', 'helm.wasm.br', 'worker.mjs'] as const;

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
export async function buildRenderer(options: RendererBuild = {}): Promise<string> {
  const { compression = 'fast', progress = () => undefined } = options;
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
    .update([...origins, compression, process.versions.node].join('\0'))
    .update(worker)
    .digest('hex');
  const directory = join(cacheDirectory(), 'renderer', key.slice(0, 16));
  for (const program of programs) {
    await cached(join(directory, `${basename(program)}.br`), async (temporary) => {
      progress(`compressing ${basename(program)}`);
      await writeFile(temporary, await compressed(program, compression));
    });
  }
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

async function compressed(path: string, compression: 'fast' | 'small'): Promise<Uint8Array> {
  const program = await readFile(path);
  return promisify(brotliCompress)(program, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: compression === 'fast' ? 5 : constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: program.length,
    },
  });
}

if (process.argv[1] === import.meta.filename) {
  const compression = process.argv.includes('--small') ? 'small' : 'fast';
  const progress = (line: string): void => {
    console.error(line);
  };
  console.log(await buildRenderer({ compression, progress }));
}
