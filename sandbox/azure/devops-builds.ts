import { organization, project } from '../names.ts';
import { repositoryId } from './devops-git.ts';
import type { Pipeline, Run } from './devops-run.ts';

const api = `${organization.url}${project.id}/_apis`;
const projectResource = {
  id: project.id,
  name: project.name,
  url: `${organization.url}_apis/projects/${project.id}`,
  state: 'wellFormed',
  visibility: 'private',
};

/** A run as the Build API shows it (api-version 7.1). */
export function buildResource(run: Run): Record<string, unknown> {
  const requestedFor = {
    displayName: run.request.requestedFor ?? 'Contoso Build Service',
    id: organization.id,
  };
  return {
    _links: { web: { href: run.url }, self: { href: `${api}/build/Builds/${run.id}` } },
    id: run.id,
    buildNumber: run.number,
    status: run.result === undefined ? 'inProgress' : 'completed',
    ...(run.result === undefined ? {} : { result: run.result, finishTime: run.finished?.toISOString() }),
    queueTime: run.queued.toISOString(),
    startTime: run.queued.toISOString(),
    url: `${api}/build/Builds/${run.id}`,
    uri: `vstfs:///Build/Build/${run.id}`,
    definition: definitionResource(run.pipeline),
    project: projectResource,
    sourceBranch: run.branch,
    sourceVersion: run.commit,
    reason: run.request.reason ?? 'manual',
    requestedFor,
    requestedBy: requestedFor,
    lastChangedDate: (run.finished ?? run.queued).toISOString(),
    orchestrationPlan: { planId: run.planId },
    plans: [{ planId: run.planId }],
    repository: {
      id: repositoryId,
      type: 'TfsGit',
      name: project.name,
      url: `${organization.url}${project.name}/_git/${project.name}`,
      clean: null,
      checkoutSubmodules: false,
    },
    tags: [...run.tags],
    keepForever: false,
    retainedByRelease: false,
    triggerInfo: {},
  };
}

export function definitionResource(pipeline: Pipeline): Record<string, unknown> {
  return {
    id: pipeline.id,
    name: pipeline.name,
    url: `${api}/build/Definitions/${pipeline.id}`,
    uri: `vstfs:///Build/Definition/${pipeline.id}`,
    path: '\\',
    type: 'build',
    queueStatus: 'enabled',
    revision: 1,
    project: projectResource,
  };
}

/** A run as the Pipelines API shows it. */
export function runResource(run: Run): Record<string, unknown> {
  const { id, name } = run.pipeline;
  return {
    _links: { web: { href: run.url }, self: { href: `${api}/pipelines/${id}/runs/${run.id}` } },
    id: run.id,
    name: run.number,
    state: run.result === undefined ? 'inProgress' : 'completed',
    // The Pipelines API has no partial success.
    ...(run.result === undefined
      ? {}
      : { result: run.result === 'partiallySucceeded' ? 'succeeded' : run.result }),
    createdDate: run.queued.toISOString(),
    ...(run.finished === undefined ? {} : { finishedDate: run.finished.toISOString() }),
    url: `${api}/pipelines/${id}/runs/${run.id}`,
    pipeline: { id, name, folder: '\\', revision: 1, url: `${api}/pipelines/${id}?revision=1` },
    resources: {
      repositories: {
        self: {
          repository: { id: repositoryId, type: 'azureReposGit' },
          refName: run.branch,
          version: run.commit,
        },
      },
      pipelines: Object.fromEntries(
        (run.request.resources ?? []).map(({ alias, run: used }) => [
          alias,
          {
            pipeline: { id: used.pipeline.id, name: used.pipeline.name, folder: '\\', revision: 1 },
            runId: used.id,
            version: used.number,
          },
        ]),
      ),
    },
  };
}

// BuildInterfaces: clients send the numbers, people the names.
const results = { succeeded: 2, partiallySucceeded: 4, failed: 8, canceled: 32 } as const;
const statuses = { inProgress: 1, completed: 2 } as const;
const reasons = { manual: 1, individualCI: 2, schedule: 8, pullRequest: 256, resourceTrigger: 1024 } as const;

/** The runs that a list request asks for, newest first. */
export function selectRuns(runs: readonly Run[], query: URLSearchParams): Run[] {
  const list = (name: string): string[] => (query.get(name) ?? '').split(',').filter(Boolean);
  const definitions = list('definitions');
  const ids = list('buildIds');
  const tags = list('tagFilters');
  const branch = query.get('branchName');
  const number = query.get('buildNumber');
  const selected = runs.filter(
    (run) =>
      (definitions.length === 0 || definitions.includes(String(run.pipeline.id))) &&
      (ids.length === 0 || ids.includes(String(run.id))) &&
      tags.every((tag) => run.tags.has(tag)) &&
      (branch === null || branch === run.branch) &&
      (number === null || numberFits(run.number, number)) &&
      flagFits(query.get('resultFilter'), results, run.result) &&
      flagFits(query.get('statusFilter'), statuses, run.result === undefined ? 'inProgress' : 'completed') &&
      flagFits(query.get('reasonFilter'), reasons, run.request.reason ?? 'manual'),
  );
  const order = query.get('queryOrder') ?? '';
  const sign = /ascending$/i.test(order) || ['3', '5', '7'].includes(order) ? 1 : -1;
  return selected.sort((left, right) => sign * (left.id - right.id));
}

function numberFits(number: string, wanted: string): boolean {
  return wanted.endsWith('*') ? number.startsWith(wanted.slice(0, -1)) : number === wanted;
}

function flagFits<Name extends string>(
  wanted: string | null,
  flags: Readonly<Record<Name, number>>,
  value: Name | undefined,
): boolean {
  if (wanted === null || wanted === 'all') return true;
  if (value === undefined) return false;
  if (/^\d+$/.test(wanted)) return (Number(wanted) & flags[value]) !== 0;
  return wanted.split(',').some((name) => name.trim().toLowerCase() === value.toLowerCase());
}
