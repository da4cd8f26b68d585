import type { IncomingMessage } from 'node:http';
import type { AcrRegistry } from './acr-registry.ts';
import { contentOf, upstream } from './acr-upstream.ts';

/** What an import moves, and where it puts it. */
export interface ImportPlan {
  readonly source: AcrRegistry;
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
  readonly target: AcrRegistry;
  /** `repository` and tag. */
  readonly tags: readonly { readonly repository: string; readonly tag: string }[];
  readonly untagged: readonly string[];
  readonly force: boolean;
}

/** Why an import failed, as the operation's result says it. */
export class ImportError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Stored {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly blobs: readonly string[];
}

// "50 manifests per imported image", https://learn.microsoft.com/azure/container-registry/container-registry-import-images
const limit = 50;

const accepted = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.artifact.manifest.v1+json',
].join(', ');

/** Moves an image from registry to registry: its manifest, an index's children, all their blobs; not its referrers. */
export async function importImage(plan: ImportPlan): Promise<void> {
  await checkTags(plan);
  const manifests = await collect(plan, plan.reference);
  const root = manifests.at(-1);
  if (root === undefined) throw new Error('an image without a manifest');
  const repositories = new Set([...plan.tags.map(({ repository }) => repository), ...plan.untagged]);
  for (const repository of repositories) {
    for (const manifest of manifests) {
      for (const blob of manifest.blobs) await moveBlob(plan, repository, blob);
      await put(plan.target, repository, manifest.digest, manifest);
    }
  }
  for (const { repository, tag } of plan.tags) await put(plan.target, repository, tag, root);
}

async function checkTags({ target, tags, force }: ImportPlan): Promise<void> {
  for (const { repository, tag } of tags) {
    const existing = await target.storage.tag(repository, tag);
    if (existing === undefined) continue;
    if (!force)
      throw new ImportError(409, 'Conflict', `Tag ${repository}:${tag} already exists in target registry.`);
    const keys = [repository, `${repository}:${tag}`, `${repository}@${existing}`];
    if (keys.some((key) => !target.attributes.get(key).writeEnabled)) {
      throw new ImportError(
        405,
        'REGISTRY_DISALLOWED_OPERATION',
        'The operation is disallowed on this registry, repository or image.',
      );
    }
  }
}

/** The manifest and, before it, everything it needs. */
async function collect(plan: ImportPlan, reference: string, found = new Set<string>()): Promise<Stored[]> {
  const token = await plan.source.internalToken({
    type: 'repository',
    name: plan.repository,
    actions: ['pull'],
  });
  const answer = await upstream(plan.source.port, {
    method: 'GET',
    path: `/v2/${plan.repository}/manifests/${reference}`,
    headers: { authorization: `Bearer ${token}`, accept: accepted },
  });
  const bytes = await contentOf(answer);
  if (answer.statusCode !== 200) {
    const name = `${plan.source.loginServer}/${plan.repository}${reference.includes(':') ? '@' : ':'}${reference}`;
    throw new ImportError(404, 'ManifestUnknown', `The source image ${name} is not found: manifest unknown.`);
  }
  const digest = String(answer.headers['docker-content-digest']);
  found.add(digest);
  if (found.size > limit)
    throw new ImportError(400, 'InvalidParameters', `The image has more than ${limit} manifests.`);
  const manifest = JSON.parse(bytes.toString()) as {
    readonly config?: { readonly digest: string };
    readonly layers?: readonly { readonly digest: string; readonly urls?: readonly string[] }[];
    readonly manifests?: readonly { readonly digest: string }[];
  };
  const children: Stored[] = [];
  for (const child of manifest.manifests ?? []) {
    if (!found.has(child.digest)) children.push(...(await collect(plan, child.digest, found)));
  }
  const layers = (manifest.layers ?? []).filter(({ urls }) => urls === undefined || urls.length === 0);
  const blobs = [manifest.config, ...layers].filter((part) => part !== undefined).map((part) => part.digest);
  return [...children, { digest, mediaType: answer.headers['content-type'] ?? '', bytes, blobs }];
}

async function moveBlob(
  { source, repository, target }: ImportPlan,
  to: string,
  digest: string,
): Promise<void> {
  const token = await target.internalToken({ type: 'repository', name: to, actions: ['pull', 'push'] });
  const authorization = `Bearer ${token}`;
  const path = `/v2/${to}/blobs/${digest}`;
  const present = await upstream(target.port, { method: 'HEAD', path, headers: { authorization } });
  present.resume();
  if (present.statusCode === 200) return;
  const sourceToken = await source.internalToken({ type: 'repository', name: repository, actions: ['pull'] });
  const blob = await upstream(source.port, {
    method: 'GET',
    path: `/v2/${repository}/blobs/${digest}`,
    headers: { authorization: `Bearer ${sourceToken}` },
  });
  if (blob.statusCode !== 200) {
    blob.resume();
    throw new ImportError(400, 'InvalidParameters', 'Error copying blobs.');
  }
  const upload = await upstream(target.port, {
    method: 'POST',
    path: `/v2/${to}/blobs/uploads/`,
    headers: { authorization },
  });
  upload.resume();
  const location = new URL(upload.headers.location ?? '', 'http://registry');
  location.searchParams.set('digest', digest);
  const done = await upstream(target.port, {
    method: 'PUT',
    path: `${location.pathname}${location.search}`,
    headers: {
      authorization,
      'content-type': 'application/octet-stream',
      'content-length': blob.headers['content-length'],
    },
    body: blob,
  });
  await expectCreated(done, `blob ${digest}`);
}

async function put(
  target: AcrRegistry,
  repository: string,
  reference: string,
  manifest: Stored,
): Promise<void> {
  const token = await target.internalToken({
    type: 'repository',
    name: repository,
    actions: ['pull', 'push'],
  });
  const answer = await upstream(target.port, {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${reference}`,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': manifest.mediaType,
      'content-length': manifest.bytes.length,
    },
    body: manifest.bytes,
  });
  await expectCreated(answer, `manifest ${manifest.digest}`);
}

async function expectCreated(answer: IncomingMessage, what: string): Promise<void> {
  const text = (await contentOf(answer)).toString();
  if (answer.statusCode === 201) return;
  throw new ImportError(400, 'InvalidParameters', `Error copying ${what}: ${text.slice(0, 300)}`);
}
