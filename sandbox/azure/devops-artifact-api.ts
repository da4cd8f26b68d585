import { organization } from '../names.ts';
import {
  artifactResource,
  containerItems,
  contentUrl,
  fileOf,
  parseContentId,
  zipOf,
} from './devops-artifacts.ts';
import { listing, runOf, type Answer, type On } from './devops-caller.ts';
import { devopsErrors } from './devops-errors.ts';
import type { Artifact, Run } from './devops-run.ts';
import type { DevOps } from './devops.ts';
import type { Exchange } from './exchange.ts';
import { parameter, type Route } from './router.ts';

const org = `/${organization.name}`;
const inProject = `${org}/{project}/_apis`;
const builds = `${inProject}/build/builds`;

/** Artifacts by the Build API, the Pipelines API and as file containers. */
export function artifactRoutes(on: On, devops: DevOps): Route[] {
  const artifacts: Answer = async (_caller, exchange, parameters) => {
    const run = runOf(devops, parameters);
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

  const runArtifact: Answer = async (_caller, exchange, parameters) => {
    const run = runOf(devops, parameters);
    const artifact = artifactOf(run, exchange.query.get('artifactName') ?? '');
    const signedContent = {
      url: contentUrl(run, artifact),
      signatureExpires: new Date(Date.now() + 3600_000).toISOString(),
    };
    await exchange.json(200, { name: artifact.name, url: run.url, signedContent });
  };

  const container: Answer = async (_caller, exchange, parameters) => {
    const run = runOf(devops, parameters);
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
  return [
    on('GET', `${builds}/{build}/artifacts`, artifacts),
    on('GET', `${inProject}/pipelines/{pipeline}/runs/{build}/artifacts`, runArtifact),
    on('GET', `${org}/_apis/resources/Containers/{build}`, container),
  ];
}

/** The host of pipeline artifacts' content. */
export function contentRoutes(on: On, devops: DevOps): Route[] {
  const content: Answer = async (_caller, exchange, parameters) => {
    const id = parseContentId(parameter(parameters, 'id'));
    const run = id === undefined ? undefined : devops.run(id.runId);
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
  return [on('GET', '/{account}/{project}/_apis/artifact/{id}/content', content)];
}

function artifactOf(run: Run, name: string): Artifact {
  const artifact = run.artifact(name);
  if (artifact === undefined) throw devopsErrors.noArtifact(name, run.id);
  return artifact;
}

async function sendZip(exchange: Exchange, artifact: Artifact): Promise<void> {
  const headers = {
    'content-type': 'application/zip',
    'content-disposition': `attachment; filename="${artifact.name}.zip"`,
  };
  await exchange.send(200, headers, await zipOf(artifact));
}
