import { organization, project } from '../names.ts';
import { buildResource, definitionResource, selectRuns } from './devops-builds.ts';
import { listing, pipelineOf, runOf, type Answer, type On } from './devops-caller.ts';
import { devopsErrors } from './devops-errors.ts';
import type { DevOps } from './devops.ts';
import { parameter, type Route } from './router.ts';

const inProject = `/${organization.name}/{project}/_apis`;
const builds = `${inProject}/build/builds`;

/** `_apis/build`: builds, their tags, timeline and attachments, and definitions. */
export function buildRoutes(on: On, devops: DevOps): Route[] {
  const listBuilds: Answer = async (_caller, exchange) => {
    const selected = selectRuns(devops.runs, exchange.query);
    const start = Number(exchange.query.get('continuationToken') ?? 0);
    const size = Number(exchange.query.get('$top') ?? 1000);
    if (start + size < selected.length)
      exchange.response.setHeader('x-ms-continuationtoken', String(start + size));
    await listing(exchange, selected.slice(start, start + size).map(buildResource));
  };

  const getBuild: Answer = async (_caller, exchange, parameters) => {
    await exchange.json(200, buildResource(runOf(devops, parameters)));
  };

  const tags: Answer = async (_caller, exchange, parameters) => {
    await listing(exchange, [...runOf(devops, parameters).tags]);
  };

  const addTag: Answer = async (_caller, exchange, parameters) => {
    const run = runOf(devops, parameters);
    run.addTag(parameter(parameters, 'tag'));
    await listing(exchange, [...run.tags]);
  };

  const addTags: Answer = async (_caller, exchange, parameters) => {
    const run = runOf(devops, parameters);
    const tags = await exchange.jsonBody();
    if (!Array.isArray(tags)) throw devopsErrors.invalid('A list of tags is expected.');
    for (const tag of tags) run.addTag(String(tag));
    await listing(exchange, [...run.tags]);
  };

  const timeline: Answer = async (_caller, exchange, parameters) => {
    const run = runOf(devops, parameters);
    const state = run.result === undefined ? 'inProgress' : 'completed';
    await exchange.json(200, {
      id: run.timelineId,
      changeId: 1,
      records: [{ id: run.jobId, type: 'Job', name: 'Job', state, result: run.result ?? null, attempt: 1 }],
    });
  };

  const attachments: Answer = async (_caller, exchange, parameters) => {
    const run = runOf(devops, parameters);
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

  const attachment: Answer = async (_caller, exchange, parameters) => {
    const [record, type, name] = ['record', 'type', 'name'].map((part) => parameter(parameters, part));
    const found = runOf(devops, parameters).attachments.findLast(
      (attachment) => attachment.recordId === record && attachment.type === type && attachment.name === name,
    );
    if (found === undefined) throw devopsErrors.notFound(`The attachment ${name ?? ''}`);
    await exchange.send(200, { 'content-type': 'application/octet-stream' }, found.content);
  };

  const definitions: Answer = async (_caller, exchange) => {
    const name = exchange.query.get('name');
    const found = devops.pipelines.filter(
      (pipeline) => name === null || pipeline.name.toLowerCase() === name.toLowerCase(),
    );
    await listing(exchange, found.map(definitionResource));
  };

  const definition: Answer = async (_caller, exchange, parameters) => {
    await exchange.json(200, definitionResource(pipelineOf(devops, parameters)));
  };
  return [
    on('GET', builds, listBuilds),
    on('GET', `${builds}/{build}`, getBuild),
    on('GET', `${builds}/{build}/tags`, tags),
    on('PUT', `${builds}/{build}/tags/{tag*}`, addTag),
    on('POST', `${builds}/{build}/tags`, addTags),
    on('GET', `${builds}/{build}/timeline`, timeline),
    on('GET', `${builds}/{build}/attachments/{type}`, attachments),
    on('GET', `${builds}/{build}/{timeline}/{record}/attachments/{type}/{name}`, attachment),
    on('GET', `${inProject}/build/definitions`, definitions),
    on('GET', `${inProject}/build/definitions/{pipeline}`, definition),
  ];
}
