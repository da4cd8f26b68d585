import { spawn } from 'node:child_process';
import { LineSplitter } from './line-splitter.ts';
import type { Patience } from './task-request.ts';

export interface ProcessRequest {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly patience: Patience;
  /** Aborted to stop the process, by cancellation or timeout. */
  readonly stop: AbortSignal;
  /** Asked after every line: whether the process has said that it is done. */
  readonly isDone: () => boolean;
  /** One line of standard output or standard error; nothing more comes once the process counts as over. */
  readonly onLine: (line: string) => void;
}

export interface ProcessEnd {
  /** Undefined when a signal ended it, or when it still runs. */
  readonly exitCode: number | undefined;
  readonly signals: readonly NodeJS.Signals[];
  /** Milliseconds from the stop to the end. */
  readonly stopped: number | undefined;
  /** True when it lived on after it said that it was done. */
  readonly lingered: boolean;
}

/**
 * Runs one process as the agent does: standard input is at its end from the start; on a stop SIGINT, then SIGTERM, then
 * SIGKILL, to this process alone and not to its children. Agent: ProcessInvoker.cs.
 * @throws Error the file cannot be started
 */
export function runProcess(request: ProcessRequest): Promise<ProcessEnd> {
  const { patience, stop } = request;
  return new Promise((resolve, reject) => {
    const child = spawn(request.file, request.arguments, {
      cwd: request.workingDirectory,
      env: request.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const signals: NodeJS.Signals[] = [];
    const timers = new Set<NodeJS.Timeout>();
    let stopping: number | undefined;
    let over = false;

    const after = (milliseconds: number, action: () => void): void => {
      timers.add(setTimeout(action, milliseconds));
    };
    const send = (signal: NodeJS.Signals): void => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      signals.push(signal);
      child.kill(signal);
    };
    const interrupt = (): void => {
      stopping = performance.now();
      send('SIGINT');
      after(patience.interrupt, () => {
        send('SIGTERM');
        after(patience.terminate, () => {
          send('SIGKILL');
        });
      });
    };
    const finish = (exitCode: number | undefined, lingered: boolean): void => {
      if (over) return;
      over = true;
      for (const timer of timers) clearTimeout(timer);
      stop.removeEventListener('abort', interrupt);
      const stopped = stopping === undefined ? undefined : performance.now() - stopping;
      resolve({ exitCode, signals, stopped, lingered });
    };
    let announced = false;
    const onLine = (line: string): void => {
      if (over) return;
      request.onLine(line);
      if (announced || !request.isDone()) return;
      announced = true;
      after(patience.done, () => {
        finish(undefined, true);
        child.kill('SIGKILL');
      });
    };

    for (const stream of [child.stdout, child.stderr]) {
      const splitter = new LineSplitter(onLine);
      stream.on('data', (chunk: Buffer) => {
        splitter.push(chunk);
      });
      stream.on('end', () => {
        splitter.end();
      });
    }
    child.on('error', (error) => {
      over = true;
      reject(error);
    });
    child.on('close', (code) => {
      finish(code ?? undefined, false);
    });
    // A child that was left behind holds the pipes open: the agent does not wait for them for ever either.
    child.on('exit', (code) => {
      after(2_000, () => {
        finish(code ?? undefined, false);
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
    if (stop.aborted) interrupt();
    else stop.addEventListener('abort', interrupt, { once: true });
  });
}
