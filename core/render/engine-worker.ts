/** Runs one engine once, in a thread of its own, so that it can be stopped whatever it does. Bundled by scripts/renderer.ts. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { brotliDecompressSync } from 'node:zlib';
import { EngineFiles, type EngineMounts } from './engine-files.ts';
import { EngineSystem, type EngineExit } from './engine-wasi.ts';
import { webAssembly, type Program } from './web-assembly.ts';

export interface EngineJob {
  /** The compiled engine, or the path of `<name>.wasm.br`. */
  readonly engine: Program | string;
  readonly input: string;
  readonly mounts: EngineMounts;
}

export interface EngineReport extends EngineExit {
  /** Links that led out of the folder, relative to it. */
  readonly escapes: readonly string[];
  readonly program: Program;
}

const job = workerData as EngineJob;

// An engine runs for a moment, once: optimising it costs more time and memory than it saves.
setFlagsFromString('--liftoff-only');

const program =
  typeof job.engine === 'string'
    ? await webAssembly.compile(brotliDecompressSync(readFileSync(job.engine)))
    : job.engine;
const files = new EngineFiles(job.mounts);
const system = new EngineSystem(files, Buffer.from(job.input), { PWD: '/', HOME: '/' });
const exit = await system.run(program);
const report: EngineReport = { ...exit, escapes: [...files.escapes], program };
parentPort?.postMessage(report);
