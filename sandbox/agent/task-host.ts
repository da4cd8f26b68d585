import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { processLine } from './command-dispatch.ts';
import { contractEnvironment } from './environment.ts';
import { chooseHandler, type Handler } from './handler.ts';
import { jobVariables } from './job-variables.ts';
import { findLeftovers } from './leftovers.ts';
import { expandMacros } from './macro.ts';
import { Masker } from './masker.ts';
import { runProcess, type ProcessEnd } from './process.ts';
import { credentials, maskedValues } from './service-connection.ts';
import { prepareInputs, type StepInputs } from './step-inputs.ts';
import { StepLog } from './step-log.ts';
import { mergeResults, resultOf, type AgentResult } from './step-result.ts';
import { Step } from './step.ts';
import { readTaskDefinition } from './task-definition.ts';
import { agentPatience, type Patience, type TaskRequest } from './task-request.ts';
import type { TaskRun } from './task-run.ts';
import { collectUploads } from './uploads.ts';
import type { Variables } from './variables.ts';

/** Retries beyond this are not made. Agent: TaskRunner.cs, RetryCountOnTaskFailureLimit. */
const mostRetries = 10;

/**
 * Runs a built task in its own process under the Azure Pipelines agent's contract: environment, working directory,
 * logging commands, masking, signals and timeouts, uploads. Written after the agent's source; each file names the part
 * that it follows. Where an agent would ignore what a task does, or reject it, or be harmed by it, the run fails and
 * `contractViolations` says why.
 *
 * What it does not do: compile YAML, evaluate template expressions or conditions, ask checks and approvals, fill pick
 * lists, run pre-job and post-job handlers, containers, Windows, secure files, decorators, `task.logdetail`'s timeline,
 * `artifact.associate`, code coverage and release commands. It cannot see which variables a task reads, nor what it
 * writes outside its own folder, the working and the temporary directory.
 *
 * @throws Error what the service or the agent would refuse before the task starts: an invalid task.json, an unknown
 *   input, a missing required one, a connection of another type, no handler
 */
export async function runTask(asked: TaskRequest): Promise<TaskRun> {
  const request = {
    ...asked,
    taskDirectory: resolve(asked.taskDirectory),
    workingDirectory: resolve(asked.workingDirectory),
  };
  const definition = readTaskDefinition(request.taskDirectory);
  const handler = chooseHandler(definition, request.taskDirectory);
  await mkdir(request.workingDirectory, { recursive: true });
  const ownTemp = request.tempDirectory === undefined;
  const temp = request.tempDirectory ?? (await mkdtemp(join(dirname(request.workingDirectory), 'temp-')));
  await mkdir(temp, { recursive: true });
  const before = await fingerprint(request.taskDirectory);
  try {
    const { variables, instanceId } = jobVariables(request, definition, temp);
    const inputs = prepareInputs(definition, request.inputs, {
      variable: (name) => variables.get(name),
      environment: request.environment,
      serviceConnections: request.serviceConnections,
      root: request.workingDirectory,
    });
    const step = createStep(request, definition, variables, inputs);
    const environment = createEnvironment(request, step, inputs);
    writeHead(step, request);
    const end = await runAttempts(step, request, handler, environment);
    endLeftovers(step, instanceId);
    if ((await fingerprint(request.taskDirectory)) !== before)
      step.violate('changed files in its own folder');
    return finish(step, end);
  } finally {
    if (ownTemp) await rm(temp, { recursive: true, force: true });
  }
}

function createStep(
  request: TaskRequest,
  definition: Step['definition'],
  variables: Variables,
  inputs: StepInputs,
): Step {
  const masker = new Masker();
  const log = new StepLog(masker, isTrue(variables.get('System.Debug')), request.onLine ?? (() => undefined));
  const name = request.stepName ?? definition.name;
  const { connections } = inputs;
  const prependPath = request.prependPath ?? [];
  const step = new Step({ name, definition, variables, masker, log, connections, prependPath });
  for (const variable of variables.all().filter(({ secret }) => secret)) {
    masker.addVariable(variable.value);
    step.secrets.add(variable.value);
  }
  // The agent masks what any of the job's connections holds, shown to this task or not.
  for (const connection of request.serviceConnections) {
    for (const value of maskedValues(connection)) masker.add(value);
    for (const value of credentials(connection)) step.addSecret(value);
  }
  step.addSecret(request.systemConnection.accessToken);
  for (const secret of request.secrets ?? []) step.addSecret(secret);
  return step;
}

function createEnvironment(request: TaskRequest, step: Step, inputs: StepInputs): Record<string, string> {
  const expand = (text: string): string =>
    expandMacros(
      expandMacros(text, (name) => step.variables.get(name)),
      (name) => request.environment[name],
    );
  const stepEnvironment = Object.entries(request.stepEnvironment ?? {}).map(
    ([name, value]) => [name, expand(value.trim())] as const,
  );
  return contractEnvironment({
    agent: request.environment,
    step: Object.fromEntries(stepEnvironment),
    variables: step.variables.all(),
    inputs: inputs.values,
    connections: inputs.connections,
    system: request.systemConnection,
    taskVariables: request.taskVariables ?? {},
    prependPath: step.prependPath,
  });
}

function writeHead(step: Step, request: TaskRequest): void {
  const { friendlyName, description, version, author, helpMarkDown = '' } = step.definition;
  step.log.section(`Starting: ${request.displayName ?? friendlyName}`);
  step.log.write('='.repeat(78));
  step.log.write(`Task         : ${friendlyName}`);
  step.log.write(`Description  : ${description}`);
  step.log.write(`Version      : ${version.Major}.${version.Minor}.${version.Patch}`);
  step.log.write(`Author       : ${author}`);
  step.log.write(`Help         : ${helpMarkDown}`);
  step.log.write('='.repeat(78));
}

interface StepEnd extends ProcessEnd {
  readonly attempts: number;
}

async function runAttempts(
  step: Step,
  request: TaskRequest,
  handler: Handler,
  environment: Readonly<Record<string, string>>,
): Promise<StepEnd> {
  const patience: Patience = { ...agentPatience, ...request.patience };
  const retries = Math.min(request.retryCountOnTaskFailure ?? 0, mostRetries);
  const timeout = new AbortController();
  const timer =
    request.timeout === undefined
      ? undefined
      : setTimeout(() => {
          timeout.abort();
        }, request.timeout);
  const signals = [timeout.signal, ...(request.signal === undefined ? [] : [request.signal])];
  const stop = AbortSignal.any(signals);
  try {
    for (let attempt = 0; ; attempt += 1) {
      const end = await runProcess({
        file: request.node ?? process.execPath,
        arguments: [handler.target],
        workingDirectory: handler.workingDirectory ?? request.workingDirectory,
        environment,
        patience,
        stop,
        isDone: () => step.done,
        onLine: (line) => {
          processLine(step, line);
        },
      });
      judge(step, end, { timedOut: timeout.signal.aborted, cancelled: request.signal?.aborted === true });
      if (stop.aborted || step.result !== 'Failed' || attempt >= retries)
        return { ...end, attempts: attempt + 1 };
      step.log.warning(`The task failed, will retry (attempt ${attempt + 1} out of ${retries})`);
      step.result = undefined;
      step.done = false;
      await new Promise((resolve) => setTimeout(resolve, patience.retry(attempt)));
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What a process's end makes of the step. A stop overrules whatever the task said. Agent: StepsRunner.cs. */
function judge(
  step: Step,
  end: ProcessEnd,
  why: { readonly timedOut: boolean; readonly cancelled: boolean },
): void {
  if (end.lingered) step.violate('lived on after it had said that it was done');
  if (end.signals.includes('SIGKILL')) step.violate('had to be killed: it outlived SIGINT and SIGTERM');
  if (why.cancelled) {
    step.log.error('The operation was canceled.');
    step.result = 'Canceled';
  } else if (why.timedOut) {
    step.log.error('The task has timed out.');
    step.result = 'Failed';
  } else if (!end.lingered && end.exitCode !== 0) {
    step.log.error(
      `The process exited with ${end.exitCode === undefined ? 'a signal' : `code ${end.exitCode}`}.`,
    );
    step.complete('Failed');
    step.violate('ended with an exit code: a task reports its failure by task.complete and ends with 0');
  } else if (step.result === undefined) {
    // To the agent that is a success.
    step.violate('ended without task.complete: whatever happened, the agent would call it a success');
  }
}

function endLeftovers(step: Step, instanceId: string): void {
  for (const { pid, command } of findLeftovers(instanceId)) {
    step.violate(`left a process behind: ${pid} ${command}`);
    process.kill(pid, 'SIGKILL');
  }
}

function finish(step: Step, end: StepEnd): TaskRun {
  const uploads = collectUploads(step);
  const violations = step.violations.map((violation) => step.masker.mask(violation));
  for (const violation of violations) step.log.error(`Contract violation: the task ${violation}`);
  let result: AgentResult = step.result ?? 'Succeeded';
  if (step.commandResult !== undefined) result = mergeResults(result, step.commandResult);
  if (violations.length > 0) result = mergeResults(result, 'Failed');
  step.log.section(`Finishing: ${step.variables.get('Task.DisplayName') ?? step.name}`);
  return {
    result: resultOf(result),
    lines: step.log.lines,
    issues: step.log.issues,
    outputs: step.outputs,
    variables: step.setVariables,
    taskVariables: step.taskVariables,
    prependPath: step.prependPath,
    secrets: [...step.secrets],
    ...uploads,
    buildTags: step.buildTags,
    progress: step.progress,
    exitCode: end.exitCode,
    stopped: end.stopped,
    signals: end.signals,
    attempts: end.attempts,
    contractViolations: violations,
  };
}

/** Names, sizes and times of a folder's files. */
async function fingerprint(directory: string): Promise<string> {
  const names = (await readdir(directory, { recursive: true })).sort();
  const marks = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(directory, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
  return marks.join('\n');
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
