import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTask } from '../../../sandbox/agent/task-host.ts';
import type { ServiceConnection } from '../../../sandbox/agent/service-connection.ts';
import type { TaskRun } from '../../../sandbox/agent/task-run.ts';
import type { Azure } from '../../../sandbox/azure/azure.ts';
import type { Run } from '../../../sandbox/azure/devops-run.ts';
import { organization, project } from '../../../sandbox/names.ts';
import { agentMachine } from '../../../sandbox/world/agent-environment.ts';
import type { Cluster } from '../../../sandbox/cluster/index.ts';
import { buildTasks } from '../../../scripts/build.ts';

/** A job on an agent: the built tasks, run one at a time with whatever service connection a test makes up. */
export interface AgentJob {
  readonly directory: string;
  readonly run: Run;
  task(name: string, inputs: Readonly<Record<string, string>>, more?: JobMore): Promise<TaskRun>;
  /** Writes a file into the job's folder. */
  write(name: string, text: string): Promise<void>;
  stop(): Promise<void>;
}

export interface JobMore {
  readonly connections?: readonly ServiceConnection[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly secretVariables?: Readonly<Record<string, string>>;
  /** Of the agent, over the machine's own; undefined takes one away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly run?: Run;
}

export async function startJob(
  azure: Azure,
  tasks: readonly string[],
  clusters: readonly Cluster[] = [],
): Promise<AgentJob> {
  const [bundles, directory, run] = await Promise.all([
    buildTasks(tasks),
    mkdtemp(join(tmpdir(), 'identities-')),
    azure.devops.startRun({ pipeline: 'shop-cd' }),
  ]);
  const machine = agentMachine(azure, clusters);
  return {
    directory,
    run,
    task: (name, inputs, more = {}) =>
      runTask({
        taskDirectory: bundles.find((bundle) => bundle.name === name)?.directory ?? '',
        inputs,
        variables: { ...variablesOf(more.run ?? run, directory), ...machine.variables, ...more.variables },
        ...(more.secretVariables && { secretVariables: more.secretVariables }),
        serviceConnections: more.connections ?? [],
        systemConnection: { url: organization.url, accessToken: (more.run ?? run).accessToken },
        workingDirectory: directory,
        environment: defined({ ...machine.environment, ...more.environment }),
        stepName: 'step',
      }),
    write: (name, text) => writeFile(join(directory, name), text),
    stop: () => rm(directory, { recursive: true, force: true }),
  };
}

function defined(record: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function variablesOf(run: Run, directory: string): Readonly<Record<string, string>> {
  return {
    'System.CollectionUri': organization.url,
    'System.TeamFoundationCollectionUri': organization.url,
    'System.TeamProject': project.name,
    'System.TeamProjectId': project.id,
    'System.DefinitionId': String(run.pipeline.id),
    'System.DefinitionName': run.pipeline.name,
    'System.HostType': 'build',
    'System.PlanId': run.planId,
    'System.JobId': run.jobId,
    'System.OidcRequestUri': run.oidcRequestUri,
    'Build.BuildId': String(run.id),
    'Build.BuildNumber': run.number,
    'Build.DefinitionName': run.pipeline.name,
    'Build.SourceBranch': run.branch,
    'Build.SourceVersion': run.commit,
    'Build.Repository.Name': project.name,
    'Build.Repository.Provider': 'TfsGit',
    'Build.ArtifactStagingDirectory': join(directory, 'a'),
  };
}

/** The error issue, or nothing; the log, for when a test fails. */
export function issueOf(run: TaskRun): string {
  return run.issues.find(({ type }) => type === 'error')?.message ?? '';
}

export function logOf(run: TaskRun): string {
  return run.lines.join('\n');
}
