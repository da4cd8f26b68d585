import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseCommand } from '../agent/command.ts';
import { mangle } from '../agent/environment.ts';
import { runProcess } from '../agent/process.ts';
import { agentPatience } from '../agent/task-request.ts';
import type { ProcessOutcome, ProcessRequest } from '../pipeline/services.ts';

/**
 * Runs a `bash` step. Of the logging commands it takes task.setvariable; another one fails the step, so that nothing is
 * silently lost.
 */
export async function runScript(
  request: ProcessRequest,
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<ProcessOutcome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'step-'));
  const state = new ScriptState(request.stepName);
  try {
    const file = path.join(folder, 'script.sh');
    await writeFile(file, script);
    const end = await runProcess({
      file: 'bash',
      arguments: ['--noprofile', '--norc', file],
      workingDirectory: request.workingDirectory,
      environment: {
        ...environment,
        ...Object.fromEntries([...request.variables].map(([name, value]) => [mangle(name), value])),
        ...Object.fromEntries(request.environment),
      },
      patience: agentPatience,
      stop: request.signal,
      isDone: () => false,
      onLine: (line) => {
        state.take(line);
        request.onLine(line);
      },
    });
    if (end.exitCode !== 0) state.fail(`Bash exited with code '${end.exitCode ?? 'none, it was stopped'}'.`);
    return state.outcome(request.signal.aborted);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class ScriptState {
  readonly #stepName: string | undefined;
  readonly #outputs = new Map<string, string>();
  readonly #variables = new Map<string, string>();
  readonly #secrets = new Map<string, string>();
  readonly #errors: string[] = [];

  constructor(stepName: string | undefined) {
    this.#stepName = stepName;
  }

  take(line: string): void {
    const command = parseCommand(line);
    if (command === undefined) return;
    const { area, event, properties, data } = command;
    const name = properties.get('variable');
    if (area !== 'task' || event !== 'setvariable' || name === undefined) {
      this.fail(`the runner does not take ##vso[${area}.${event}] from a script`);
    } else if (properties.get('isoutput')?.toLowerCase() === 'true') {
      // As on a real agent: without a name for the step, its outputs cannot be read.
      if (this.#stepName === undefined) this.fail(`the step needs a "name" to set the output ${name}`);
      else this.#outputs.set(`${this.#stepName}.${name}`, data);
    } else if (properties.get('issecret')?.toLowerCase() === 'true') {
      this.#secrets.set(name, data);
    } else {
      this.#variables.set(name, data);
    }
  }

  fail(message: string): void {
    this.#errors.push(message);
  }

  outcome(canceled: boolean): ProcessOutcome {
    return {
      result: canceled ? 'canceled' : this.#errors.length > 0 ? 'failed' : 'succeeded',
      issues: this.#errors.map((message) => ({ type: 'error', message })),
      outputs: this.#outputs,
      variables: this.#variables,
      secrets: this.#secrets,
    };
  }
}
