import { errors } from 'jose';
import { identities, organization, project } from '../names.ts';
import type { DevOps } from './devops.ts';
import { devopsIssuer } from './devops.ts';
import { approvalResource, type Decision } from './devops-approvals.ts';
import {
  artifactResource,
  containerItems,
  contentUrl,
  fileOf,
  parseContentId,
  zipOf,
} from './devops-artifacts.ts';
import { buildResource, definitionResource, runResource, selectRuns } from './devops-builds.ts';
import { DevOpsError, devopsErrors } from './devops-errors.ts';
import { addComment, type PullRequest, type ThreadBody } from './devops-git.ts';
import { locationsOf } from './devops-locations.ts';
import { issueOidcToken } from './devops-oidc.ts';
import type { Artifact, Run } from './devops-run.ts';
import type { Exchange } from './exchange.ts';
import { parameter, route, router, type RouteParameters, type Service } from './router.ts';
import type { Settings } from './settings.ts';

/** The caller: the job of a run. */
type Answer = (caller: Run, exchange: Exchange, parameters: RouteParameters) => Promise<void>;

const org = `/${organization.name}`;
const inProject = `${org}/{project}/_apis`;
const builds = `${inProject}/build/builds`;
const pulls = `${inProject}/git/repositories/{repository}/pullRequests/{pull}`;

/** `https://dev.azure.com/contoso`: the REST API of Azure DevOps, as far as pipelines and their tasks use it. */
export function createDevOps(devops: DevOps, settings: Settings): Service {
  const api = new DevOpsApi(devops, settings);
  const on = api.route.bind(api);
  return router(
    [
      route('OPTIONS', `${org}/_apis`, (exchange) => listing(exchange, locationsOf(undefined))),
      route('OPTIONS', `${org}/_apis/{area}`, (exchange, { area }) => listing(exchange, locationsOf(area))),
      // An empty list sends clients to the collection itself, as a server with a single host does.
      route('GET', `${org}/_apis/resourceAreas`, (exchange) => exchange.json(200, { count: 0, value: null })),
      on('GET', `${org}/_apis/connectionData`, api.connectionData),
      on('POST', `${inProject}/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken`, api.oidcToken),
      on('GET', builds, api.listBuilds),
      on('GET', `${builds}/{build}`, api.getBuild),
      on('GET', `${builds}/{build}/artifacts`, api.artifacts),
      on('GET', `${builds}/{build}/tags`, api.tags),
      on('PUT', `${builds}/{build}/tags/{tag*}`, api.addTag),
      on('POST', `${builds}/{build}/tags`, api.addTags),
      on('GET', `${builds}/{build}/timeline`, api.timeline),
      on('GET', `${builds}/{build}/attachments/{type}`, api.attachments),
      on('GET', `${builds}/{build}/{timeline}/{record}/attachments/{type}/{name}`, api.attachment),
      on('GET', `${inProject}/build/definitions`, api.definitions),
      on('GET', `${inProject}/build/definitions/{pipeline}`, api.definition),
      on('GET', `${inProject}/pipelines/approvals`, api.approvals),
      on('PATCH', `${inProject}/pipelines/approvals`, api.answerApprovals),
      on('GET', `${inProject}/pipelines/approvals/{approval}`, api.approval),
      on('GET', `${inProject}/pipelines`, api.pipelines),
      on('GET', `${inProject}/pipelines/{pipeline}`, api.pipeline),
      on('GET', `${inProject}/pipelines/{pipeline}/runs`, api.runs),
      on('POST', `${inProject}/pipelines/{pipeline}/runs`, api.queue),
      on('GET', `${inProject}/pipelines/{pipeline}/runs/{build}`, api.run),
      on('GET', `${inProject}/pipelines/{pipeline}/runs/{build}/artifacts`, api.runArtifact),
      on('GET', `${org}/_apis/resources/Containers/{build}`, api.container),
      on('GET', `${inProject}/git/pullRequests/{pull}`, api.pull),
      on('GET', pulls, api.pull),
      on('GET', `${pulls}/threads`, api.threads),
      on('POST', `${pulls}/threads`, api.addThread),
      on('PATCH', `${pulls}/threads/{thread}`, api.changeThread),
      on('POST', `${pulls}/threads/{thread}/comments`, api.addComment),
      on('GET', `${pulls}/statuses`, api.statuses),
      on('POST', `${pulls}/statuses`, api.addStatus),
    ],
    (exchange) => refuse(exchange, devopsErrors.notFound(`The page ${exchange.path}`)),
  );
}

/** The host of pipeline artifacts' content. */
export function createArtifactHost(devops: DevOps, settings: Settings): Service {
  const api = new DevOpsApi(devops, settings);
  const pattern = '/{account}/{project}/_apis/artifact/{id}/content';
  return router([api.route('GET', pattern, api.content)], (exchange) =>
    refuse(exchange, devopsErrors.notFound(`The page ${exchange.path}`)),
  );
}

/** Where Azure DevOps publishes what its OIDC tokens are signed with. */
export function createDevOpsTokenHost(devops: DevOps): Service {
  return router(
    [
      route('GET', '/{organization}/.well-known/openid-configuration', (exchange) =>
        exchange.json(200, {
          issuer: devopsIssuer,
          jwks_uri: `${devopsIssuer}/.well-known/jwks`,
          id_token_signing_alg_values_supported: ['RS256'],
          response_types_supported: ['id_token'],
          subject_types_supported: ['public', 'pairwise'],
        }),
      ),
      route('GET', '/{organization}/.well-known/jwks', (exchange) => exchange.json(200, devops.key.keySet)),
    ],
    (exchange) => exchange.send(404, {}),
  );
}

class DevOpsApi {
  readonly #devops: DevOps;
  readonly #settings: Settings;

  constructor(devops: DevOps, settings: Settings) {
    this.#devops = devops;
    this.#settings = settings;
  }

  /** A route behind authentication; what it throws as a DevOpsError is answered as such. */
  route(methods: string, pattern: string, answer: Answer): ReturnType<typeof route> {
    return route(methods, pattern, async (exchange, parameters) => {
      const caller = await this.#authenticate(exchange);
      if (caller === undefined) {
        await exchange.send(
          401,
          { 'www-authenticate': `Bearer, Basic realm="${organization.url}"`, 'content-type': 'text/plain' },
          'TF400813: The user is not authorized to access this resource.',
        );
        return;
      }
      try {
        requireProject(parameters);
        await answer(caller, exchange, parameters);
      } catch (error) {
        if (!(error instanceof DevOpsError)) throw error;
        await refuse(exchange, error);
      }
    });
  }

  readonly connectionData: Answer = async (caller, exchange) => {
    const user = {
      id: organization.id,
      providerDisplayName: `${project.name} Build Service (${organization.name})`,
    };
    await exchange.json(200, {
      instanceId: organization.id,
      authenticatedUser: user,
      authorizedUser: user,
      locationServiceData: {},
      run: caller.id,
    });
  };

  readonly oidcToken: Answer = async (caller, exchange, parameters) => {
    const plan = parameter(parameters, 'plan');
    if (caller.planId !== plan || caller.jobId !== parameter(parameters, 'job'))
      throw devopsErrors.notYourPlan(plan);
    const id = exchange.query.get('serviceConnectionId')?.toLowerCase();
    const connection = Object.values(identities).find(({ connectionId }) => connectionId === id);
    if (id !== undefined && connection === undefined) throw devopsErrors.noConnection(id);
    await exchange.json(200, {
      oidcToken: await issueOidcToken(this.#devops, caller, connection, this.#settings),
    });
  };

  readonly listBuilds: Answer = async (_caller, exchange) => {
    const selected = selectRuns(this.#devops.runs, exchange.query);
    const start = Number(exchange.query.get('continuationToken') ?? 0);
    const size = Number(exchange.query.get('$top') ?? 1000);
    if (start + size < selected.length)
      exchange.response.setHeader('x-ms-continuationtoken', String(start + size));
    await listing(exchange, selected.slice(start, start + size).map(buildResource));
  };

  readonly getBuild: Answer = async (_caller, exchange, parameters) => {
    await exchange.json(200, buildResource(this.#run(parameters)));
  };

  readonly artifacts: Answer = async (_caller, exchange, parameters) => {
    const run = this.#run(parameters);
    const name = exchange.query.get('artifactName');
    if (name === null) {
      await listing(
        exchange,
        await Promise.all(run.artifacts.map((artifact) => artifactResource(run, artifact))),
      );
      return;
    }
    const artifact = artifactOf(run, name);
    const wantsZip =
      exchange.query.get('$format') === 'zip' || /^application\/zip/.test(exchange.header('accept') ?? '');
    if (wantsZip) return sendZip(exchange, artifact);
    await exchange.json(200, await artifactResource(run, artifact));
  };

  readonly content: Answer = async (_caller, exchange, parameters) => {
    const id = parseContentId(parameter(parameters, 'id'));
    const run = id === undefined ? undefined : this.#devops.run(id.runId);
    if (id === undefined || run === undefined) throw devopsErrors.notFound('The artifact');
    const artifact = artifactOf(run, id.name);
    const file = exchange.query.get('subPath');
    if (file === null || exchange.query.get('format') === 'zip') return sendZip(exchange, artifact);
    await exchange.send(
      200,
      { 'content-type': 'application/octet-stream' },
      await fileOf(artifact, file.replace(/^\//, '')),
    );
  };

  readonly container: Answer = async (_caller, exchange, parameters) => {
    const run = this.#run(parameters);
    const path = exchange.query.get('itemPath') ?? '';
    const [name = '', ...file] = path.split('/');
    const artifact = artifactOf(run, name);
    const wantsContent =
      /^application\/octet-stream/.test(exchange.header('accept') ?? '') ||
      exchange.query.get('$format') === 'OctetStream';
    if (wantsContent) {
      await exchange.send(
        200,
        { 'content-type': 'application/octet-stream' },
        await fileOf(artifact, file.join('/')),
      );
      return;
    }
    await listing(exchange, await containerItems(run, artifact));
  };

  readonly tags: Answer = async (_caller, exchange, parameters) => {
    await listing(exchange, [...this.#run(parameters).tags]);
  };

  readonly addTag: Answer = async (_caller, exchange, parameters) => {
    const run = this.#run(parameters);
    run.addTag(parameter(parameters, 'tag'));
    await listing(exchange, [...run.tags]);
  };

  readonly addTags: Answer = async (_caller, exchange, parameters) => {
    const run = this.#run(parameters);
    const tags = await exchange.jsonBody();
    if (!Array.isArray(tags)) throw devopsErrors.invalid('A list of tags is expected.');
    for (const tag of tags) run.addTag(String(tag));
    await listing(exchange, [...run.tags]);
  };

  readonly timeline: Answer = async (_caller, exchange, parameters) => {
    const run = this.#run(parameters);
    const state = run.result === undefined ? 'inProgress' : 'completed';
    await exchange.json(200, {
      id: run.timelineId,
      changeId: 1,
      records: [{ id: run.jobId, type: 'Job', name: 'Job', state, result: run.result ?? null, attempt: 1 }],
    });
  };

  readonly attachments: Answer = async (_caller, exchange, parameters) => {
    const run = this.#run(parameters);
    const type = parameter(parameters, 'type');
    const base = `${organization.url}${project.id}/_apis/build/builds/${run.id}/${run.timelineId}`;
    const found = run.attachments.filter((attachment) => attachment.type === type);
    await listing(
      exchange,
      found.map(({ name, recordId }) => ({
        name,
        _links: { self: { href: `${base}/${recordId}/attachments/${type}/${encodeURIComponent(name)}` } },
      })),
    );
  };

  readonly attachment: Answer = async (_caller, exchange, parameters) => {
    const [record, type, name] = ['record', 'type', 'name'].map((part) => parameter(parameters, part));
    const found = this.#run(parameters).attachments.findLast(
      (attachment) => attachment.recordId === record && attachment.type === type && attachment.name === name,
    );
    if (found === undefined) throw devopsErrors.notFound(`The attachment ${name ?? ''}`);
    await exchange.send(200, { 'content-type': 'application/octet-stream' }, found.content);
  };

  readonly definitions: Answer = async (_caller, exchange) => {
    const name = exchange.query.get('name');
    const found = this.#devops.pipelines.filter(
      (pipeline) => name === null || pipeline.name.toLowerCase() === name.toLowerCase(),
    );
    await listing(exchange, found.map(definitionResource));
  };

  readonly definition: Answer = async (_caller, exchange, parameters) => {
    await exchange.json(200, definitionResource(this.#pipeline(parameters)));
  };

  readonly pipelines: Answer = async (_caller, exchange) => {
    await listing(
      exchange,
      this.#devops.pipelines.map(({ id, name }) => ({ id, name, folder: '\\', revision: 1 })),
    );
  };

  readonly pipeline: Answer = async (_caller, exchange, parameters) => {
    const { id, name } = this.#pipeline(parameters);
    await exchange.json(200, { id, name, folder: '\\', revision: 1, configuration: { type: 'yaml' } });
  };

  readonly runs: Answer = async (_caller, exchange, parameters) => {
    const { id } = this.#pipeline(parameters);
    const found = this.#devops.runs.filter(({ pipeline }) => pipeline.id === id).reverse();
    await listing(exchange, found.map(runResource));
  };

  readonly run: Answer = async (_caller, exchange, parameters) => {
    await exchange.json(200, runResource(this.#run(parameters)));
  };

  readonly queue: Answer = async (_caller, exchange, parameters) => {
    const body = ((await exchange.jsonBody()) ?? {}) as {
      resources?: { repositories?: { self?: { refName?: string; version?: string } } };
    };
    const self = body.resources?.repositories?.self;
    const run = await this.#devops.startRun({
      pipeline: this.#pipeline(parameters).name,
      ...(self?.refName === undefined ? {} : { branch: self.refName }),
      ...(self?.version === undefined ? {} : { commit: self.version }),
    });
    this.#devops.onQueued?.(run);
    await exchange.json(200, runResource(run));
  };

  readonly runArtifact: Answer = async (_caller, exchange, parameters) => {
    const run = this.#run(parameters);
    const artifact = artifactOf(run, exchange.query.get('artifactName') ?? '');
    const signedContent = {
      url: contentUrl(run, artifact),
      signatureExpires: new Date(Date.now() + 3600_000).toISOString(),
    };
    await exchange.json(200, { name: artifact.name, url: run.url, signedContent });
  };

  readonly approvals: Answer = async (_caller, exchange) => {
    const ids = (exchange.query.get('approvalIds') ?? '').split(',').filter(Boolean);
    const state = exchange.query.get('state');
    const found = this.#devops.approvals.filter(
      ({ id, status }) => (ids.length === 0 || ids.includes(id)) && (state === null || state === status),
    );
    await listing(exchange, found.map(approvalResource));
  };

  readonly approval: Answer = async (_caller, exchange, parameters) => {
    const found = this.#devops.approvals.find(({ id }) => id === parameter(parameters, 'approval'));
    if (found === undefined) throw devopsErrors.notFound('The approval');
    await exchange.json(200, approvalResource(found));
  };

  readonly answerApprovals: Answer = async (caller, exchange) => {
    const answers = (await exchange.jsonBody()) as
      { approvalId?: string; status?: string; comment?: string }[] | undefined;
    const changed = (answers ?? []).map(({ approvalId, status, comment }) => {
      const approval = this.#devops.approvals.find(({ id }) => id === approvalId);
      if (approval === undefined) throw devopsErrors.notFound(`The approval ${approvalId ?? ''}`);
      if (status !== 'approved' && status !== 'rejected')
        throw devopsErrors.invalid(`An approval can't become '${status ?? ''}'.`);
      const decision: Decision = status;
      const by = caller.request.requestedFor ?? 'Contoso Build Service';
      if (!approval.answer(decision, { by, ...(comment === undefined ? {} : { comment }) })) {
        throw devopsErrors.invalid(`The approval ${approval.id} has already been answered.`);
      }
      return approval;
    });
    await listing(exchange, changed.map(approvalResource));
  };

  readonly pull: Answer = async (_caller, exchange, parameters) => {
    await exchange.json(200, this.#pull(parameters).resource());
  };

  readonly threads: Answer = async (_caller, exchange, parameters) => {
    await listing(exchange, this.#pull(parameters).threads);
  };

  readonly addThread: Answer = async (caller, exchange, parameters) => {
    const body = ((await exchange.jsonBody()) ?? {}) as ThreadBody;
    await exchange.json(200, this.#pull(parameters).addThread(body, authorOf(caller)));
  };

  readonly changeThread: Answer = async (_caller, exchange, parameters) => {
    const thread = this.#thread(parameters);
    const body = ((await exchange.jsonBody()) ?? {}) as { status?: string };
    if (body.status !== undefined) thread.status = body.status;
    await exchange.json(200, thread);
  };

  readonly addComment: Answer = async (caller, exchange, parameters) => {
    const body = ((await exchange.jsonBody()) ?? {}) as { content?: string };
    await exchange.json(200, addComment(this.#thread(parameters), body, authorOf(caller)));
  };

  readonly statuses: Answer = async (_caller, exchange, parameters) => {
    await listing(exchange, this.#pull(parameters).statuses);
  };

  readonly addStatus: Answer = async (_caller, exchange, parameters) => {
    const { statuses } = this.#pull(parameters);
    const status = {
      id: statuses.length + 1,
      creationDate: new Date().toISOString(),
      ...((await exchange.jsonBody()) as object),
    };
    statuses.push(status);
    await exchange.json(200, status);
  };

  /** The run whose job token this is, as a bearer token or as the password of anyone. */
  async #authenticate(exchange: Exchange): Promise<Run | undefined> {
    const token = exchange.bearer() ?? exchange.basic()?.password;
    if (token === undefined) return undefined;
    try {
      const { run } = await this.#devops.key.verify(token, { issuer: 'app.vstoken.visualstudio.com' });
      const found = typeof run === 'number' ? this.#devops.run(run) : undefined;
      if (found !== undefined) exchange.identity = `job of ${found.pipeline.name}`;
      return found;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  #run(parameters: RouteParameters): Run {
    const id = parameter(parameters, 'build');
    const run = this.#devops.run(Number(id));
    if (run === undefined) throw devopsErrors.noBuild(id);
    return run;
  }

  #pipeline(parameters: RouteParameters): { readonly id: number; readonly name: string } {
    const id = parameter(parameters, 'pipeline');
    const pipeline = this.#devops.pipelines.find((candidate) => String(candidate.id) === id);
    if (pipeline === undefined) throw devopsErrors.noPipeline(id);
    return pipeline;
  }

  #pull(parameters: RouteParameters): PullRequest {
    const id = parameter(parameters, 'pull');
    const pull = this.#devops.pullRequests.find((candidate) => String(candidate.id) === id);
    if (pull === undefined) throw devopsErrors.notFound(`The pull request ${id}`);
    return pull;
  }

  #thread(parameters: RouteParameters): PullRequest['threads'][number] {
    const id = parameter(parameters, 'thread');
    const thread = this.#pull(parameters).threads.find((candidate) => String(candidate.id) === id);
    if (thread === undefined) throw devopsErrors.notFound(`The thread ${id}`);
    return thread;
  }
}

function requireProject({ project: name }: RouteParameters): void {
  if (name === undefined || [project.id, project.name].includes(name.toLowerCase())) return;
  throw devopsErrors.noProject(name);
}

function artifactOf(run: Run, name: string): Artifact {
  const artifact = run.artifact(name);
  if (artifact === undefined) throw devopsErrors.noArtifact(name, run.id);
  return artifact;
}

function authorOf(caller: Run): string {
  return caller.request.requestedFor ?? `${project.name} Build Service (${organization.name})`;
}

async function sendZip(exchange: Exchange, artifact: Artifact): Promise<void> {
  const headers = {
    'content-type': 'application/zip',
    'content-disposition': `attachment; filename="${artifact.name}.zip"`,
  };
  await exchange.send(200, headers, await zipOf(artifact));
}

async function listing(exchange: Exchange, value: readonly unknown[]): Promise<void> {
  await exchange.json(200, { count: value.length, value });
}

async function refuse(exchange: Exchange, error: DevOpsError): Promise<void> {
  await exchange.json(error.status, error.body());
}
