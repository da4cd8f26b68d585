import { DeliveryError } from '../model/errors.ts';
import type { EndpointSource } from './sdk.ts';
import type { RunContext, SourceContext, SystemConnection } from './system.ts';

type ReadVariable = (name: string) => string | undefined;

/**
 * The system connection and the run, from predefined variables
 * (https://learn.microsoft.com/azure/devops/pipelines/build/variables).
 * @throws DeliveryError `ConnectionUnknown` when the job's own connection is missing: no agent runs a task so
 */
export function readSystem(variable: ReadVariable, connection: EndpointSource): SystemConnection {
  const url =
    connection.url ?? variable('System.CollectionUri') ?? variable('System.TeamFoundationCollectionUri');
  const accessToken = connection.parameter('AccessToken');
  if (url === undefined || accessToken === undefined) {
    throw new DeliveryError(
      'ConnectionUnknown',
      'The agent passed no system connection (SystemVssConnection).',
      {
        hint: 'Run the task in an Azure Pipelines job. A task does not run by itself outside of one.',
      },
    );
  }
  return {
    collectionUrl: withSlash(url),
    accessToken,
    oidcRequestUri: variable('System.OidcRequestUri'),
    run: readRun(variable, withSlash(url)),
  };
}

function readRun(variable: ReadVariable, collectionUrl: string): RunContext {
  const release =
    variable('System.HostType')?.toLowerCase() === 'release' || variable('Release.ReleaseId') !== undefined;
  const project = { id: variable('System.TeamProjectId') ?? '', name: variable('System.TeamProject') ?? '' };
  const id = (release ? variable('Release.ReleaseId') : variable('Build.BuildId')) ?? '';
  const page = release
    ? `_releaseProgress?_a=release-pipeline-progress&releaseId=${id}`
    : `_build/results?buildId=${id}`;
  const attempt = Number(variable('System.StageAttempt') ?? variable('Release.AttemptNumber') ?? 1);
  const environment = variable('Environment.Name') ?? variable('Release.EnvironmentName');
  return {
    project,
    host: release ? 'release' : 'build',
    pipeline: {
      id: variable('System.DefinitionId') ?? variable('Release.DefinitionId') ?? '',
      name: variable(release ? 'Release.DefinitionName' : 'Build.DefinitionName') ?? '',
    },
    id,
    number: variable(release ? 'Release.ReleaseName' : 'Build.BuildNumber') ?? id,
    url: `${collectionUrl}${encodeURIComponent(project.name)}/${page}`,
    stage: variable('System.StageName') ?? variable('Release.EnvironmentName'),
    job: variable('System.JobName'),
    attempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1,
    environment:
      environment === undefined
        ? undefined
        : { id: variable('Environment.Id') ?? variable('Release.EnvironmentId'), name: environment },
    source: readSource(variable),
    requestedFor: variable('Build.RequestedFor') ?? variable('Release.RequestedFor'),
    reason: variable('Build.Reason') ?? variable('Release.Reason'),
    pullRequestId: variable('System.PullRequest.PullRequestId'),
  };
}

function readSource(variable: ReadVariable): SourceContext | undefined {
  const commit = variable('Build.SourceVersion');
  const repository = variable('Build.Repository.Name');
  if (commit === undefined || repository === undefined) return undefined;
  return {
    provider: variable('Build.Repository.Provider'),
    repository,
    url: variable('Build.Repository.Uri'),
    ref: variable('Build.SourceBranch'),
    commit,
  };
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
