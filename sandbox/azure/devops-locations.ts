/**
 * Where each resource of Azure DevOps's REST API is: clients ask by OPTIONS before they call. Ids and areas are those of
 * azure-devops-node-api.
 */
interface Location {
  readonly id: string;
  readonly area: string;
  readonly resourceName: string;
  readonly routeTemplate: string;
  readonly resourceVersion: number;
}

const pull = '{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}';
const build = '{project}/_apis/{area}/builds/{buildId}';

export const locations: readonly Location[] = [
  at('e81700f7-3be2-46de-8624-2eb35882fcaa', 'Location', 'resourceAreas', '_apis/{resource}/{areaId}', 1),
  at('00d9565f-ed9c-4a06-9a50-00e7896ccab4', 'Location', 'ConnectionData', '_apis/{resource}', 1),
  at(
    '0cd358e1-9217-4d94-8269-1c1ee6f93dcf',
    'build',
    'builds',
    '{project}/_apis/{area}/{resource}/{buildId}',
    7,
  ),
  at('1db06c96-014e-44e1-ac91-90b2d4b3e984', 'build', 'artifacts', `${build}/{resource}`, 5),
  at('6e6114b2-8161-44c8-8f6c-c5505782427f', 'build', 'tags', `${build}/{resource}/{*tag}`, 3),
  at('f2192269-89fa-4f94-baf6-8fb128c55159', 'build', 'attachments', `${build}/{resource}/{type}`, 2),
  at(
    'af5122d3-3438-485e-a25a-2dbbfde84ee6',
    'build',
    'attachments',
    `${build}/{timelineId}/{recordId}/{resource}/{type}/{name}`,
    2,
  ),
  at('8baac422-4c6e-4de5-8532-db96d92acffa', 'build', 'Timeline', `${build}/{resource}/{timelineId}`, 3),
  at(
    'dbeaf647-6167-421a-bda9-c9327b25e2e6',
    'build',
    'definitions',
    '{project}/_apis/{area}/{resource}/{definitionId}',
    7,
  ),
  at(
    '69a319f4-28c1-4bfd-93e6-ea0ff5c6f1a2',
    'distributedtask',
    'oidctoken',
    '{scopeIdentifier}/_apis/{area}/hubs/{hubName}/plans/{planId}/jobs/{jobId}/{resource}',
    1,
  ),
  at(
    'e4f5c81e-e250-447b-9fef-bd48471bea5e',
    'Container',
    'Containers',
    '_apis/resources/{resource}/{containerId}/{*itemPath}',
    4,
  ),
  at(
    '28e1305e-2afe-47bf-abaf-cbb0e6a91988',
    'pipelines',
    'pipelines',
    '{project}/_apis/{area}/{pipelineId}',
    1,
  ),
  at(
    '7859261e-d2e9-4a68-b820-a5d84cc5bb3d',
    'pipelines',
    'runs',
    '{project}/_apis/{area}/{pipelineId}/{resource}/{runId}',
    1,
  ),
  at(
    '85023071-bd5e-4438-89b0-2a5bf362a19d',
    'pipelines',
    'artifacts',
    '{project}/_apis/{area}/{pipelineId}/runs/{runId}/{resource}',
    1,
  ),
  at(
    '01a46dea-7d46-4d40-bc84-319e7c260d99',
    'git',
    'pullRequests',
    '{project}/_apis/{area}/{resource}/{pullRequestId}',
    2,
  ),
  at('9946fd70-0d40-406e-b686-b4744cbbcc37', 'git', 'pullRequests', pull, 2),
  at('ab6e2e5d-a0b7-4153-b64a-a4efe0d49449', 'git', 'pullRequestThreads', `${pull}/threads/{threadId}`, 1),
  at(
    '965a3ec7-5ed8-455a-bdcb-835a5ea7fe7b',
    'git',
    'pullRequestThreadComments',
    `${pull}/threads/{threadId}/comments/{commentId}`,
    1,
  ),
  at('b5f6bb4f-8d1e-4d79-8d11-4c9172c99c35', 'git', 'pullRequestStatuses', `${pull}/statuses/{statusId}`, 2),
];

/** The locations of one area, or all. */
export function locationsOf(area: string | undefined): readonly Location[] {
  return locations.filter(
    (location) => area === undefined || location.area.toLowerCase() === area.toLowerCase(),
  );
}

function at(
  id: string,
  area: string,
  resourceName: string,
  routeTemplate: string,
  resourceVersion: number,
): Location & Record<string, unknown> {
  const versions = { minVersion: '1.0', maxVersion: '7.2', releasedVersion: '7.1' };
  return { id, area, resourceName, routeTemplate, resourceVersion, ...versions };
}
