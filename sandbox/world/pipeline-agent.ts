import { runTask } from '../agent/task-host.ts';
import type { ServiceConnection } from '../agent/service-connection.ts';
import type { TaskRun } from '../agent/task-run.ts';
import type { Run } from '../azure/devops-run.ts';
import { organization } from '../names.ts';
import type { Job } from '../pipeline/pipeline.ts';
import type { Agent, ProcessAgent, ProcessOutcome, ProcessRequest } from '../pipeline/services.ts';
import type { World } from '../world.ts';
import { runScript } from './script.ts';

/** The agent of a run: every task goes through the task host, and what it uploads goes to the run. */
export function pipelineAgent(world: World, run: Run): Agent {
  return { startJob: (job) => new JobAgent(world, run, connectionsOf(world, job)) };
}

/** The service hands a job the connections that its steps name, and the agent masks what those hold. */
function connectionsOf(world: World, job: Job): readonly ServiceConnection[] {
  const named = new Set(job.steps.flatMap((step) => (step.kind === 'task' ? [...step.inputs.values()] : [])));
  return world.serviceConnections.filter(({ name }) => named.has(name));
}

class JobAgent implements ProcessAgent {
  readonly #world: World;
  readonly #run: Run;
  readonly #connections: readonly ServiceConnection[];
  #prependPath: readonly string[] = [];
  #secrets: readonly string[] = [];

  constructor(world: World, run: Run, connections: readonly ServiceConnection[]) {
    this.#world = world;
    this.#run = run;
    this.#connections = connections;
  }

  async run(request: ProcessRequest): Promise<ProcessOutcome> {
    const { work } = request;
    if (work.kind === 'script') {
      return runScript(request, work.script, this.#world.agent.environment);
    }
    const outcome = await runTask({
      taskDirectory: work.task.directory,
      inputs: Object.fromEntries(work.inputs),
      variables: Object.fromEntries(request.variables),
      secretVariables: Object.fromEntries(request.secrets),
      serviceConnections: this.#connections,
      systemConnection: { url: organization.url, accessToken: this.#run.accessToken },
      workingDirectory: request.workingDirectory,
      environment: this.#world.agent.environment,
      stepEnvironment: Object.fromEntries(request.environment),
      ...(request.stepName === undefined ? {} : { stepName: request.stepName }),
      displayName: request.displayName,
      signal: request.signal,
      ...(request.timeoutMinutes === undefined ? {} : { timeout: request.timeoutMinutes * 60_000 }),
      retryCountOnTaskFailure: request.retries,
      prependPath: this.#prependPath,
      secrets: this.#secrets,
      onLine: (line) => {
        request.onLine(line);
      },
    });
    this.#prependPath = outcome.prependPath;
    this.#secrets = outcome.secrets;
    await this.#upload(outcome);
    return outcomeOf(outcome);
  }

  /** What the agent's upload queue brings to the run. */
  async #upload(outcome: TaskRun): Promise<void> {
    const run = this.#run;
    for (const { type, name, content } of outcome.attachments) run.attach({ type, name, content });
    for (const { name, content } of outcome.summaries) {
      run.attach({ type: 'Distributedtask.Core.Summary', name, content });
    }
    for (const { title, name, content } of outcome.testResults) {
      run.attach({ type: 'TestResults', name: title === '' ? name : title, content });
    }
    for (const tag of outcome.buildTags) run.addTag(tag);
    for (const { name, files } of outcome.artifacts) {
      await run.publishFiles(name, Object.fromEntries(files), { type: 'Container' });
    }
  }
}

function outcomeOf(run: TaskRun): ProcessOutcome {
  const values = (secret: boolean): ReadonlyMap<string, string> =>
    new Map(
      [...run.variables]
        .filter(([, item]) => item.secret === secret)
        .map(([name, { value }]) => [name, value]),
    );
  return {
    result: run.result === 'skipped' ? 'failed' : run.result,
    issues: run.issues.map(({ type, message }) => ({ type, message })),
    outputs: new Map([...run.outputs].map(([name, { value }]) => [name, value])),
    variables: values(false),
    secrets: values(true),
  };
}
