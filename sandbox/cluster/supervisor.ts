import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { SandboxError } from '../errors.ts';

/** A process to start; its output goes to `<logs>/<name>.log`. */
export interface Command {
  readonly name: string;
  readonly argv: readonly [program: string, ...arguments: string[]];
  readonly env?: Readonly<Record<string, string>>;
}

interface Report {
  readonly name: string;
  readonly pid?: number;
  readonly exit?: string;
  readonly error?: string;
}

/**
 * The processes of one cluster, started through `world supervise` or `world node` (sandbox/go/world/supervise.go). They
 * end when this process does, however it ends: the supervisor sees its standard input close.
 */
export class Supervisor {
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #logs: string;
  readonly #commands = new Map<string, Command>();
  /** 'running', or how it ended; nothing yet between an order and its report. */
  readonly #states = new Map<string, 'running' | { readonly ended: string }>();
  readonly #expected = new Set<string>();
  #listeners: (() => void)[] = [];
  #stderr = '';
  #gone: string | undefined;

  private constructor(argv: readonly [string, ...string[]], logs: string) {
    // A session of its own: Ctrl-C is for this process, which then ends the others in order.
    const child = spawn(argv[0], argv.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: componentEnvironment(),
    });
    this.#child = child;
    this.#input = child.stdin;
    this.#logs = logs;
    child.stdin.on('error', () => undefined);
    collect(child.stderr, (text) => (this.#stderr = (this.#stderr + text).slice(-4000)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#hear(JSON.parse(line) as Report);
    });
    const gone = (how: string): void => {
      this.#gone ??= `${how} ${this.#stderr}`.trim();
      this.#notify();
    };
    child.once('error', (error) => {
      gone(error.message);
    });
    child.once('close', (code, signal) => {
      gone(`ended (${signal ?? code ?? 'unknown'})`);
    });
  }

  /** Starts the supervisor itself; processes' logs go to the directory, which must exist. */
  static async launch(argv: readonly [string, ...string[]], logs: string): Promise<Supervisor> {
    const supervisor = new Supervisor(argv, logs);
    await supervisor.#until('supervisor', (state) => state === 'running');
    return supervisor;
  }

  /** Resolves once the process runs, which says nothing of its being ready. */
  async start(command: Command): Promise<void> {
    this.#expected.delete(command.name);
    await this.#order(command);
  }

  async #order(command: Command): Promise<void> {
    this.#commands.set(command.name, command);
    this.#states.delete(command.name);
    this.#send({
      start: {
        name: command.name,
        command: command.argv,
        env: Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${value}`),
        log: this.logOf(command.name),
      },
    });
    await this.#until(command.name, (state) => state !== undefined);
  }

  /** Starts a process that is to end by itself, and resolves when it has ended well. */
  async run(command: Command, milliseconds: number): Promise<void> {
    this.#expected.add(command.name);
    await this.#order(command);
    const late = setTimeout(() => {
      this.#send({ signal: { name: command.name, signal: 9 } });
    }, milliseconds);
    await this.#until(command.name, (state) => typeof state === 'object');
    clearTimeout(late);
    const state = this.#states.get(command.name);
    if (typeof state === 'object' && state.ended !== 'exit status 0') {
      throw await this.failure(command.name, `failed (${state.ended})`);
    }
  }

  /** Kills the process as a crash would and resolves when it is gone. */
  async kill(name: string): Promise<void> {
    this.#expected.add(name);
    this.#send({ signal: { name, signal: 9 } });
    await this.#until(name, (state) => typeof state === 'object');
  }

  /** Kills the process, or finds it dead, and starts it anew with the same arguments. */
  async restart(name: string): Promise<void> {
    const command = this.#commands.get(name);
    if (command === undefined) throw new Error(`no process named ${name} was started`);
    if (this.#states.get(name) === 'running') await this.kill(name);
    await this.start(command);
  }

  logOf(name: string): string {
    return join(this.#logs, `${name}.log`);
  }

  /** Throws `ComponentFailed` if a process has ended that was not killed through here. */
  async check(): Promise<void> {
    if (this.#gone !== undefined) {
      throw new SandboxError('ComponentFailed', `the supervisor of ${this.#logs} ${this.#gone}`);
    }
    for (const [name, state] of this.#states) {
      if (state === 'running' || this.#expected.has(name)) continue;
      throw await this.failure(name, `ended (${state.ended})`);
    }
  }

  /** An error that names the process and shows the last lines it wrote. */
  async failure(name: string, what: string): Promise<SandboxError> {
    const log = await readFile(this.logOf(name), 'utf8').catch(() => '');
    const lines = log.trimEnd().split('\n').slice(-12).join('\n  ');
    return new SandboxError('ComponentFailed', `${name} ${what}; its last lines were:\n  ${lines}`, {
      hint: `The whole log is ${this.logOf(name)}.`,
    });
  }

  /** Ends every process and, with namespaces, whatever they started; resolves when nothing is left. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#input.end();
    const kill = setTimeout(() => this.#child.kill('SIGTERM'), 10_000);
    await closed;
    clearTimeout(kill);
  }

  #send(order: unknown): void {
    this.#input.write(`${JSON.stringify(order)}\n`);
  }

  #hear({ name, pid, exit, error }: Report): void {
    this.#states.set(name, pid !== undefined ? 'running' : { ended: exit ?? error ?? 'unknown' });
    this.#notify();
  }

  #notify(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  async #until(
    name: string,
    reached: (state: 'running' | { ended: string } | undefined) => boolean,
  ): Promise<void> {
    for (;;) {
      const state = this.#states.get(name);
      if (reached(state)) return;
      if (this.#gone !== undefined) throw new SandboxError('ComponentFailed', `${name}: ${this.#gone}`);
      if (typeof state === 'object') throw await this.failure(name, `could not be started: ${state.ended}`);
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }
}

/**
 * Nothing of the user's own reaches a component: a corporate proxy would come between an API server and this machine, and
 * etcd takes its flags from variables too. Kubelet and containerd want the programs that only root's PATH has.
 */
function componentEnvironment(): NodeJS.ProcessEnv {
  const { PATH = '', HOME, TMPDIR } = process.env;
  return {
    PATH: `${PATH}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin`,
    ...(HOME !== undefined && { HOME }),
    ...(TMPDIR !== undefined && { TMPDIR }),
  };
}

function collect(stream: Readable, take: (text: string) => void): void {
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    take(chunk);
  });
}
