import type { IBuildApi } from 'azure-devops-node-api/BuildApi.js';
import type { Build } from 'azure-devops-node-api/interfaces/BuildInterfaces.js';
import { DeliveryError, messageOf } from '../../model/errors.ts';
import { ResponseError } from '../http/failures.ts';
import type { HttpClient } from '../http/client.ts';

/** Which run is meant. */
export type RunQuery =
  /** One run by its id, as `resources.pipeline.<alias>.runID` names it. */
  | { readonly kind: 'run'; readonly id: number }
  /** The newest run of a pipeline (its id or name) that succeeded, on a branch when one is given. */
  | { readonly kind: 'latest'; readonly pipeline: string; readonly branch: string | undefined };

export interface PipelineRun {
  readonly id: number;
  readonly number: string;
  readonly pipeline: string;
  readonly url: string | undefined;
  readonly branch: string | undefined;
  readonly commit: string | undefined;
}

/** Runs of pipelines and what they published. */
export interface PipelineRuns {
  /** @throws DeliveryError `NotFound` when there is no such run, or none that succeeded */
  find(project: string, query: RunQuery): Promise<PipelineRun>;
  /** One file of a published artifact. @throws DeliveryError `NotFound` */
  artifactFile(project: string, run: PipelineRun, artifact: string, path: string): Promise<Buffer>;
}

export interface PipelineRunsOptions {
  /** With its trailing slash. */
  readonly collectionUrl: string;
  readonly accessToken: string;
  readonly http: HttpClient;
  readonly proxy: DevOpsProxy | undefined;
}

export interface DevOpsProxy {
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  bypasses(url: string): boolean;
}

const fileLimit = 16 * 1024 * 1024;

export function createPipelineRuns(options: PipelineRunsOptions): PipelineRuns {
  let opened: Promise<IBuildApi> | undefined;
  const api = (): Promise<IBuildApi> => (opened ??= openApi(options));
  return {
    async find(project, query) {
      const builds = await asked(api(), 'open the Build API');
      if (query.kind === 'run') {
        const build = await asked(builds.getBuild(project, query.id), `read run ${query.id}`);
        // The package answers a 404 with null.
        if ((build as Build | null) === null)
          throw noRun(`there is no run ${query.id} in project ${project}`);
        return readBuild(build);
      }
      const definition = await definitionOf(builds, project, query.pipeline);
      const branch = query.branch === undefined ? undefined : fullBranch(query.branch);
      const found = await asked(
        latestOf(builds, project, definition, branch),
        `list runs of ${query.pipeline}`,
      );
      const [latest] = found;
      if (latest === undefined) {
        const where = branch === undefined ? '' : ` on ${branch}`;
        throw noRun(`no run of ${query.pipeline}${where} has succeeded`);
      }
      return readBuild(latest);
    },
    async artifactFile(project, run, artifact, path) {
      const builds = await asked(api(), 'open the Build API');
      const found = await asked(builds.getArtifact(project, run.id, artifact), `read artifact ${artifact}`);
      const resource = (found as { resource?: { type?: string; data?: string; downloadUrl?: string } } | null)
        ?.resource;
      if (resource === undefined) throw noFile(run, artifact, path);
      const url = fileUrl(options.collectionUrl, artifact, path, resource);
      if (url === undefined) throw noFile(run, artifact, path);
      const response = await options.http.fetch(
        {
          method: 'GET',
          url,
          headers: { authorization: `Bearer ${options.accessToken}`, accept: 'application/octet-stream' },
        },
        fileLimit,
      );
      if (response.status === 404) throw noFile(run, artifact, path);
      if (response.status !== 200) {
        throw new ResponseError(
          response.status,
          `Azure DevOps does not hand out ${path} of artifact ${artifact} (${response.status})`,
          {
            hint: "May the job's identity read that run? See 'Limit job authorization scope' in the project settings.",
          },
        );
      }
      return response.bytes;
    },
  };
}

async function openApi({ collectionUrl, accessToken, proxy }: PipelineRunsOptions): Promise<IBuildApi> {
  const { WebApi, getBearerHandler } = await import('azure-devops-node-api');
  const isDirect = proxy === undefined || proxy.bypasses(collectionUrl);
  const through = isDirect
    ? {}
    : {
        proxy: {
          proxyUrl: proxy.url,
          ...(proxy.username === undefined ? {} : { proxyUsername: proxy.username }),
          ...(proxy.password === undefined ? {} : { proxyPassword: proxy.password }),
        },
      };
  return new WebApi(collectionUrl, getBearerHandler(accessToken), {
    ...through,
    socketTimeout: 60_000,
    allowRetries: true,
    maxRetries: 4,
  }).getBuildApi();
}

async function definitionOf(builds: IBuildApi, project: string, pipeline: string): Promise<number> {
  if (/^\d+$/.test(pipeline)) return Number(pipeline);
  const found = await asked(builds.getDefinitions(project, pipeline), `look for the pipeline ${pipeline}`);
  const [definition, ...others] = found;
  if (definition?.id !== undefined && others.length === 0) return definition.id;
  throw new DeliveryError(
    'NotFound',
    definition === undefined
      ? `project ${project} has no pipeline named "${pipeline}"`
      : `project ${project} has several pipelines named "${pipeline}"`,
    { hint: 'Name the pipeline as Azure DevOps lists it, or give its definition id.' },
  );
}

async function latestOf(
  builds: IBuildApi,
  project: string,
  definition: number,
  branch: string | undefined,
): Promise<readonly Build[]> {
  const { BuildQueryOrder, BuildResult, BuildStatus } =
    await import('azure-devops-node-api/interfaces/BuildInterfaces.js');
  const none = undefined;
  return builds.getBuilds(
    project,
    [definition],
    none,
    none,
    none,
    none,
    none,
    none,
    BuildStatus.Completed,
    BuildResult.Succeeded,
    none,
    none,
    1,
    none,
    none,
    none,
    BuildQueryOrder.FinishTimeDescending,
    branch,
  );
}

function fullBranch(branch: string): string {
  return branch.startsWith('refs/') ? branch : `refs/heads/${branch}`;
}

function readBuild(build: Build): PipelineRun {
  const links = build._links as { web?: { href?: string } } | undefined;
  return {
    id: build.id ?? 0,
    number: build.buildNumber ?? String(build.id ?? ''),
    pipeline: build.definition?.name ?? '',
    url: links?.web?.href,
    branch: build.sourceBranch,
    commit: build.sourceVersion,
  };
}

/** Where one file of an artifact is, by how it was published. Undefined for file shares, which no agent can read by HTTP. */
function fileUrl(
  collectionUrl: string,
  artifact: string,
  path: string,
  resource: { readonly type?: string; readonly data?: string; readonly downloadUrl?: string },
): URL | undefined {
  if (resource.type?.toLowerCase() === 'container') {
    const container = /^#\/(\d+)\//.exec(resource.data ?? '')?.[1];
    if (container === undefined) return undefined;
    const url = new URL(`_apis/resources/Containers/${container}`, collectionUrl);
    url.searchParams.set('itemPath', `${artifact}/${path}`);
    return url;
  }
  if (resource.downloadUrl === undefined) return undefined;
  const url = new URL(resource.downloadUrl);
  requireDevOps(url, collectionUrl);
  url.searchParams.set('format', 'file');
  url.searchParams.set('subPath', `/${path}`);
  return url;
}

/** The job's token goes to Azure DevOps alone. */
function requireDevOps(url: URL, collectionUrl: string): void {
  const isOwn = url.host === new URL(collectionUrl).host;
  const isService = url.hostname.endsWith('.visualstudio.com') || url.hostname.endsWith('.dev.azure.com');
  if (url.protocol === 'https:' && (isOwn || isService)) return;
  throw new DeliveryError(
    'HostNotTrusted',
    `the artifact is kept at ${url.origin}, which is not Azure DevOps`,
    {
      hint: 'Publish the release record as a pipeline artifact or a build artifact.',
    },
  );
}

async function asked<T>(question: Promise<T>, action: string): Promise<T> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : undefined;
    const message = `Azure DevOps refused to ${action}: ${messageOf(error)}`;
    if (status === undefined) throw new DeliveryError('Unreachable', message, { cause: error });
    throw new ResponseError(status, message, {
      hint: "May the job's identity read that pipeline? See 'Limit job authorization scope' in the project settings.",
    });
  }
}

function noRun(message: string): DeliveryError {
  return new DeliveryError('NotFound', message, {
    hint: 'Check pipeline, runId and branch; a run counts when it has succeeded.',
  });
}

function noFile(run: PipelineRun, artifact: string, path: string): DeliveryError {
  return new DeliveryError(
    'NotFound',
    `run ${run.number} of ${run.pipeline} has no ${path} in an artifact "${artifact}"`,
    {
      hint: 'Publish the folder of the release.json that ResolveArtifact writes, and name that artifact here.',
    },
  );
}
