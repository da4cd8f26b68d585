import type { Run } from '../azure/devops-run.ts';
import { organization, project } from '../names.ts';
import type { World } from '../world.ts';

const repository = 'https://dev.azure.com/contoso/shop/_git/shop';

/** What Azure Pipelines and the agent set for every job of a run ("Use predefined variables"). */
export function runVariables(world: World, run: Run): ReadonlyMap<string, string> {
  const requestedFor = run.request.requestedFor ?? 'Contoso Release Team';
  const variables: Record<string, string> = {
    'System.CollectionUri': organization.url,
    'System.TeamFoundationCollectionUri': organization.url,
    'System.TeamProject': project.name,
    'System.TeamProjectId': project.id,
    'System.DefinitionId': String(run.pipeline.id),
    'System.DefinitionName': run.pipeline.name,
    'System.HostType': 'build',
    'System.PlanId': run.planId,
    'System.JobId': run.jobId,
    'System.TimelineId': run.timelineId,
    'System.OidcRequestUri': run.oidcRequestUri,
    'System.PullRequest.IsFork': 'False',
    'Build.BuildId': String(run.id),
    'Build.BuildNumber': run.number,
    'Build.BuildUri': `vstfs:///Build/Build/${run.id}`,
    'Build.DefinitionName': run.pipeline.name,
    'Build.Reason': reason(run),
    'Build.RequestedFor': requestedFor,
    'Build.QueuedBy': requestedFor,
    'Build.SourceBranch': run.branch,
    'Build.SourceBranchName': run.branch.split('/').at(-1) ?? run.branch,
    'Build.SourceVersion': run.commit,
    'Build.Repository.ID': '6e9050f0-0000-4000-8000-000000000001',
    'Build.Repository.Name': project.name,
    'Build.Repository.Provider': 'TfsGit',
    'Build.Repository.Uri': repository,
    ...world.agent.variables,
    ...Object.fromEntries((run.request.resources ?? []).flatMap(({ alias, run: of }) => resource(alias, of))),
  };
  return new Map(Object.entries(variables));
}

/** `resources.pipeline.<alias>.*`: the run that this one consumes. */
function resource(alias: string, run: Run): readonly (readonly [string, string])[] {
  const values = {
    projectID: project.id,
    projectName: project.name,
    pipelineID: String(run.pipeline.id),
    pipelineName: run.pipeline.name,
    runName: run.number,
    runID: String(run.id),
    runURI: `vstfs:///Build/Build/${run.id}`,
    sourceBranch: run.branch,
    sourceCommit: run.commit,
    sourceProvider: 'TfsGit',
    requestedFor: run.request.requestedFor ?? '',
  };
  return Object.entries(values).map(([name, value]) => [`resources.pipeline.${alias}.${name}`, value]);
}

function reason(run: Run): string {
  const value = run.request.reason ?? 'manual';
  return value === 'individualCI' ? 'IndividualCI' : value.charAt(0).toUpperCase() + value.slice(1);
}
