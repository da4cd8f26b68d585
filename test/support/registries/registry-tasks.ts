import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Release } from '../../../core/model/release.ts';
import { formatRelease, parseRelease } from '../../../core/model/release.ts';
import { buildTasks } from '../../../scripts/build.ts';
import type { ServiceConnection } from '../../../sandbox/agent/service-connection.ts';
import { runTask } from '../../../sandbox/agent/task-host.ts';
import type { TaskRun } from '../../../sandbox/agent/task-run.ts';
import type { Run } from '../../../sandbox/azure/devops-run.ts';
import { organization, project } from '../../../sandbox/names.ts';
import { agentMachine } from '../../../sandbox/world/agent-environment.ts';
import { serviceConnections } from '../../../sandbox/world/connections.ts';
import { startAzureFixture, type AzureFixture } from '../azure-fixture.ts';

export type RegistryTask = 'resolve-artifact' | 'promote-image';

/** The built registry tasks, and a local Azure for them to work on. */
export interface RegistryTasks extends AzureFixture {
  readonly directory: string;
  readonly releaseFile: string;
  readonly run: Run;
  /** Runs a task as the agent would, with the world's service connections and, if wanted, some more. */
  task(name: RegistryTask, inputs: Readonly<Record<string, string>>, more?: TaskMore): Promise<TaskRun>;
  release(): Promise<Release>;
  writeRelease(release: Release): Promise<void>;
}

export interface TaskMore {
  readonly connections?: readonly ServiceConnection[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly run?: Run;
}

export async function startRegistryTasks(): Promise<RegistryTasks> {
  const [fixture, bundles] = await Promise.all([
    startAzureFixture(),
    buildTasks(['resolve-artifact', 'promote-image']),
  ]);
  const directory = await mkdtemp(join(tmpdir(), 'aks-delivery-tasks-'));
  const releaseFile = join(directory, 'release', 'release.json');
  const { azure } = fixture;
  const run = await azure.devops.startRun({ pipeline: 'shop-ci', commit: 'c0ffee'.repeat(6) + 'c0ff' });
  const machine = agentMachine(azure, []);
  return {
    ...fixture,
    directory,
    releaseFile,
    run,
    task: async (name, inputs, more = {}) =>
      runTask({
        taskDirectory: bundles.find((bundle) => bundle.name === name)?.directory ?? '',
        inputs: { releaseFile, ...inputs },
        variables: { ...variablesOf(more.run ?? run, directory), ...machine.variables, ...more.variables },
        serviceConnections: [...serviceConnections(azure), ...(more.connections ?? [])],
        systemConnection: { url: organization.url, accessToken: (more.run ?? run).accessToken },
        workingDirectory: directory,
        environment: machine.environment,
        stepName: 'step',
      }),
    release: async () => parseRelease(await readFile(releaseFile, 'utf8')),
    writeRelease: async (release) => {
      await mkdir(join(directory, 'release'), { recursive: true });
      await writeFile(releaseFile, formatRelease(release));
    },
    stop: async () => {
      await fixture.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
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
