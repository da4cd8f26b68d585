import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { EngineMounts } from './engine-files.ts';
import type { Program } from './web-assembly.ts';
import type { EngineJob, EngineReport } from './engine-worker.ts';

export type EngineName = 'kustomize' | 'helm';

export interface EngineRun {
  readonly engine: EngineName;
  /** What the engine reads from standard input. */
  readonly request: unknown;
  readonly mounts: EngineMounts;
  readonly signal?: AbortSignal;
}

export interface EngineOutcome {
  /** What it wrote to standard output, undefined when it ended without an answer. */
  readonly answer: unknown;
  readonly exitCode: number;
  readonly errors: string;
  readonly escapes: readonly string[];
}

/**
 * Kustomize and Helm as programs of this process: WebAssembly, each run once in a thread of its own, with no access but
 * to the files it is shown.
 */
export interface Engines {
  run(run: EngineRun): Promise<EngineOutcome>;
}

/**
 * Nothing is read before the first run; what was compiled then is kept for the next.
 * @param directory holds `kustomize.wasm.br`, `helm.wasm.br` and `worker.mjs` (scripts/renderer.ts); in a bundled task
 *   that is `renderer/` beside it
 */
export function openEngines(
  directory: string = fileURLToPath(new URL('./renderer/', import.meta.url)),
): Engines {
  const compiled = new Map<EngineName, Program>();
  return {
    async run({ engine, request, mounts, signal }) {
      const report = await inWorker(
        join(directory, 'worker.mjs'),
        {
          engine: compiled.get(engine) ?? join(directory, `${engine}.wasm.br`),
          input: JSON.stringify(request),
          mounts,
        },
        signal,
      );
      compiled.set(engine, report.program);
      const { code, output, errors, escapes } = report;
      return { answer: parsed(output), exitCode: code, errors, escapes };
    },
  };
}

async function inWorker(
  path: string,
  job: EngineJob,
  signal: AbortSignal | undefined,
): Promise<EngineReport> {
  signal?.throwIfAborted();
  // Without execArgv the thread would load whatever this process was told to load first; without env it would know secrets.
  const worker = new Worker(path, { workerData: job, env: {}, execArgv: [] });
  try {
    return await new Promise<EngineReport>((resolve, reject) => {
      signal?.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => {
        reject(new Error(`the engine's thread ended early (${code})`));
      });
    });
  } finally {
    await worker.terminate();
  }
}

function parsed(output: string): unknown {
  if (output === '') return undefined;
  try {
    return JSON.parse(output) as unknown;
  } catch {
    return undefined;
  }
}
