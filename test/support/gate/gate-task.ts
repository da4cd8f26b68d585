import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { formatRelease, parseRelease, type Release } from '../../../core/model/release.ts';
import { buildTasks } from '../../../scripts/build.ts';
import type { ServiceConnection } from '../../../sandbox/agent/service-connection.ts';
import { runTask } from '../../../sandbox/agent/task-host.ts';
import type { TaskRun } from '../../../sandbox/agent/task-run.ts';
import { organization, project } from '../../../sandbox/names.ts';

export interface GateRunOptions {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly secretVariables?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

export interface GateRun extends TaskRun {
  /** The record after the run. */
  readonly record: Release;
  readonly report: string | undefined;
}

/** The built acceptance-gate, run as the agent runs it, against a cluster by its kubeconfig. */
export interface GateTask {
  readonly directory: string;
  /** Runs promote-image on a record, in the same surroundings. */
  promote(release: Release, inputs: Readonly<Record<string, string>>): Promise<GateRun>;
  /** `checks` is the content of the checks file. */
  run(release: Release, checks: unknown, options?: GateRunOptions): Promise<GateRun>;
  stop(): Promise<void>;
}

/** The machine and the connections that the gate runs with, when it is more than a cluster. */
export interface GateSurroundings {
  readonly connections?: readonly ServiceConnection[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly accessToken?: string;
}

export async function openGateTask(
  kubeconfig: string,
  surroundings: GateSurroundings = {},
): Promise<GateTask> {
  const [bundle, promotion] = await buildTasks(['acceptance-gate', 'promote-image']);
  const directory = await mkdtemp(join(tmpdir(), 'gate-'));
  const connection: ServiceConnection = {
    id: '7a9b1c2d-0000-4000-8000-00000000000a',
    name: 'cluster',
    type: 'kubernetes',
    url: 'https://cluster.contoso.example',
    authorization: { scheme: 'Kubernetes', parameters: { kubeconfig } },
    data: { authorizationType: 'Kubeconfig' },
  };
  const machine = {
    serviceConnections: [connection, ...(surroundings.connections ?? [])],
    systemConnection: {
      url: organization.url,
      accessToken: surroundings.accessToken ?? 'system-access-token',
    },
    workingDirectory: directory,
    environment: { PATH: process.env['PATH'] ?? '', HOME: directory, ...surroundings.environment },
  };
  return {
    directory,
    async promote(release, inputs) {
      const releaseFile = join(directory, 'release.json');
      await writeFile(releaseFile, formatRelease(release));
      const run = await runTask({
        ...machine,
        taskDirectory: promotion?.directory ?? '',
        inputs: { releaseFile, ...inputs },
        variables: {
          ...variables(directory),
          ...surroundings.variables,
          'Build.RequestedFor': 'Release manager',
        },
        stepName: 'promote',
      });
      return { ...run, record: parseRelease(await readFile(releaseFile, 'utf8')), report: undefined };
    },
    async run(release, checks, options = {}) {
      const releaseFile = join(directory, 'release.json');
      const checksFile = join(directory, 'checks.yml');
      const reportFile = join(directory, 'report', 'report.html');
      await rm(reportFile, { force: true });
      await writeFile(releaseFile, formatRelease(release));
      await writeFile(checksFile, typeof checks === 'string' ? checks : stringify(checks));
      const run = await runTask({
        ...machine,
        taskDirectory: bundle?.directory ?? '',
        inputs: {
          releaseFile,
          reportFile,
          checks: checksFile,
          environment: 'staging',
          connectionType: 'kubernetesServiceConnection',
          kubernetesServiceConnection: 'cluster',
          ...options.inputs,
        },
        variables: { ...variables(directory), ...surroundings.variables, ...options.variables },
        ...(options.secretVariables && { secretVariables: options.secretVariables }),
        stepName: 'gate',
        ...(options.signal && { signal: options.signal }),
        ...(options.onLine && { onLine: options.onLine }),
      });
      return {
        ...run,
        record: parseRelease(await readFile(releaseFile, 'utf8')),
        report: await readFile(reportFile, 'utf8').catch(() => undefined),
      };
    },
    stop: () => rm(directory, { recursive: true, force: true }),
  };
}

function variables(directory: string): Readonly<Record<string, string>> {
  return {
    'System.CollectionUri': organization.url,
    'System.TeamFoundationCollectionUri': organization.url,
    'System.TeamProject': project.name,
    'System.TeamProjectId': project.id,
    'System.DefinitionId': '7',
    'System.DefinitionName': 'shop-cd',
    'System.HostType': 'build',
    'Build.BuildId': '4720',
    'Build.BuildNumber': '20261121.2',
    'Build.DefinitionName': 'shop-cd',
    'Build.SourceBranch': 'refs/heads/main',
    'Build.SourceVersion': '8f14e45fceea167a5a36dedd4bea2543f3c1a9b2',
    'Build.Repository.Name': project.name,
    'Build.Repository.Provider': 'TfsGit',
    'Build.ArtifactStagingDirectory': join(directory, 'a'),
  };
}
