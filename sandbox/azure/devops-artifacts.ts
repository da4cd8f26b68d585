import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import JSZip from 'jszip';
import { hosts, organization, project } from '../names.ts';
import { devopsErrors } from './devops-errors.ts';
import { filesOf, type Artifact, type Run } from './devops-run.ts';

/** As `_apis/build/builds/{id}/artifacts` shows it. Where the content is depends on how it was published. */
export async function artifactResource(run: Run, artifact: Artifact): Promise<unknown> {
  const files = await filesOf(artifact.directory);
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(artifact.directory, file))).size),
  );
  const base = `${organization.url}${project.id}/_apis/build/builds/${run.id}/artifacts`;
  const name = encodeURIComponent(artifact.name);
  const isContainer = artifact.type === 'Container';
  return {
    id: artifact.id,
    name: artifact.name,
    source: run.jobId,
    resource: {
      type: artifact.type,
      data: isContainer ? `#/${run.id}/${artifact.name}` : `PIPELINEARTIFACT/${run.id}/${artifact.name}`,
      properties: { artifactsize: String(sizes.reduce((total, size) => total + size, 0)) },
      url: `${base}?artifactName=${name}&api-version=7.1`,
      downloadUrl: isContainer
        ? `${base}?artifactName=${name}&api-version=7.1&%24format=zip`
        : contentUrl(run, artifact),
    },
  };
}

/** Pipeline artifacts are kept by another service, at a host of its own. */
export function contentUrl(run: Run, artifact: Artifact): string {
  const id = Buffer.from(
    `pipelineartifact://${organization.name}/${project.id}/${run.id}/${artifact.name}`,
  ).toString('base64url');
  return `https://${hosts.artifacts}/A${organization.id}/${project.id}/_apis/artifact/${id}/content?format=zip`;
}

/** The run's id and the artifact's name in such a URL. */
export function parseContentId(id: string): { runId: number; name: string } | undefined {
  const match = /^pipelineartifact:\/\/[^/]+\/[^/]+\/(\d+)\/(.+)$/.exec(
    Buffer.from(id, 'base64url').toString(),
  );
  return match === null ? undefined : { runId: Number(match[1]), name: match[2] ?? '' };
}

/** The artifact as a zip with everything below a folder of the artifact's name, as Azure DevOps packs it. */
export async function zipOf(artifact: Artifact): Promise<Buffer> {
  const zip = new JSZip();
  for (const file of await filesOf(artifact.directory)) {
    zip.file(`${artifact.name}/${file}`, await readFile(join(artifact.directory, file)));
  }
  return zip.generateAsync({ type: 'nodebuffer', compression: 'DEFLATE' });
}

/** One file of an artifact. @throws DevOpsError when the artifact has no such file */
export async function fileOf(artifact: Artifact, path: string): Promise<Readable> {
  const files = await filesOf(artifact.directory);
  if (!files.includes(path)) throw devopsErrors.notFound(`The file ${path} of artifact ${artifact.name}`);
  return createReadStream(join(artifact.directory, path));
}

/** The files and folders of a container artifact, as `_apis/resources/Containers/{id}` lists them. */
export async function containerItems(run: Run, artifact: Artifact): Promise<unknown[]> {
  const files = await filesOf(artifact.directory);
  const folders = new Set([artifact.name]);
  for (const file of files) {
    const parts = file.split('/').slice(0, -1);
    for (const index of parts.keys()) folders.add([artifact.name, ...parts.slice(0, index + 1)].join('/'));
  }
  const base = `${organization.url}_apis/resources/Containers/${run.id}?itemPath=`;
  const location = (path: string): unknown => ({
    containerId: run.id,
    path,
    contentLocation: `${base}${encodeURIComponent(path)}`,
  });
  const items = [...folders].map((path) => ({
    ...(location(path) as object),
    itemType: 'folder',
    status: 'created',
  }));
  const contents = files.map(async (file) => ({
    ...(location(`${artifact.name}/${file}`) as object),
    itemType: 'file',
    status: 'created',
    fileLength: (await stat(join(artifact.directory, file))).size,
  }));
  return [...items, ...(await Promise.all(contents))];
}
