import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** One run of a whole process, from its start to its end. */
export interface Measured {
  readonly seconds: number;
  /** The most memory that was resident at once, in MiB. */
  readonly resident: number;
}

/** @throws Error with what it printed when it fails, or when `accept` does not find what it must in that */
export function measure(
  command: Command,
  accept: (output: string) => boolean = () => true,
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(command.program, command.arguments, {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...command.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let resident = 0;
    const look = setInterval(() => {
      resident = Math.max(resident, residentOf(child.pid));
    }, 15);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(look);
      const seconds = (performance.now() - begun) / 1000;
      if (code === 0 && accept(output)) resolve({ seconds, resident });
      else
        reject(
          new Error(
            `${command.program} ${command.arguments.join(' ')} failed (${code ?? 'killed'}):\n${output}`,
          ),
        );
    });
  });
}

/** Linux keeps the high-water mark itself: the last look before the end is as good as the sum of all. */
function residentOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? 0)) / 2;
}
