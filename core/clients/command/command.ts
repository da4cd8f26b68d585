import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { DeliveryError, messageOf } from '../../model/errors.ts';

export interface Command {
  readonly command:
    { readonly shell: string } | { readonly program: string; readonly args: readonly string[] };
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

export interface CommandEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** Between asking the processes to end and ending them: within what the agent leaves a cancelled task. */
const grace = 3_000;

/**
 * Runs a command in a process group of its own, its standard input closed, both outputs line by line.
 * @throws DeliveryError `FileNotFound` when it cannot be started; the signal's reason when it was aborted, after the
 *   whole group is gone
 */
export async function runCommand(
  { command, environment, workingDirectory }: Command,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<CommandEnd> {
  signal.throwIfAborted();
  const [program, args] = 'shell' in command ? shell(command.shell) : [command.program, command.args];
  const child = spawn(program, args, {
    cwd: workingDirectory,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on('line', onLine);
  let hardly: NodeJS.Timeout | undefined;
  const stop = (): void => {
    killGroup(child, 'SIGTERM');
    hardly = setTimeout(() => {
      killGroup(child, 'SIGKILL');
    }, grace);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await ended(child, program);
  } finally {
    clearTimeout(hardly);
    signal.removeEventListener('abort', stop);
    // What the command left running belongs to the check and ends with it.
    killGroup(child, 'SIGKILL');
    signal.throwIfAborted();
  }
}

/** The process's own end decides: a child that keeps an output open must not hold the check. */
function ended(child: ChildProcess, program: string): Promise<CommandEnd> {
  return new Promise((resolveEnd, reject) => {
    child.once('error', (error) => {
      reject(
        new DeliveryError('FileNotFound', `${program} cannot be started: ${messageOf(error)}`, {
          hint: 'Is it installed on the agent, and on its PATH? Is the working directory there?',
          cause: error,
        }),
      );
    });
    child.once('exit', (exitCode, signal) => {
      // Lines that are still in the pipes come within a turn or two of the event loop.
      setTimeout(() => {
        resolveEnd({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
      }, 50);
    });
  });
}

function shell(line: string): [string, readonly string[]] {
  return process.platform === 'win32'
    ? [process.env['ComSpec'] ?? 'cmd.exe', ['/d', '/s', '/c', line]]
    : [process.env['SHELL']?.endsWith('/bash') === true ? process.env['SHELL'] : '/bin/sh', ['-c', line]];
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).on(
      'error',
      ignore,
    );
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

function ignore(): void {
  // taskkill is part of Windows; a process that is gone is what was wanted.
}

export function within(directory: string, path: string | undefined): string {
  return path === undefined ? directory : resolve(directory, path);
}
