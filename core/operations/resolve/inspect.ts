import { formatPlatform } from '../../model/descriptor.ts';
import { shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import type { ImageFacts, ImageVariant } from '../../model/image-facts.ts';
import { sizeOfGraph, type GraphNode, type ImageGraph } from '../../model/image-graph.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import { formatRepository, type Repository } from '../../model/reference.ts';
import type { ResolveTools } from './request.ts';

// Image configurations are a few kilobytes; one of 8 MiB is none.
const configLimit = 8 * 1024 * 1024;

/** Reads an image by digest: its platforms, and what their configurations say. */
export async function inspectImage(
  name: string,
  repository: Repository,
  digest: Digest,
  tools: ResolveTools,
): Promise<ImageFacts> {
  const registry = tools.registry(repository.registry);
  const [graph, referrers] = await Promise.all([
    registry.image(repository.path, digest, tools.signal),
    registry.referrers(repository.path, digest, { signal: tools.signal }),
  ]);
  if (graph === undefined) {
    throw new DeliveryError(
      'ImageNotFound',
      `${name}: ${formatRepository(repository)}@${shortDigest(digest)} does not exist`,
      { hint: 'Check the digest, and that the build that pushes it ran before.' },
    );
  }
  const variants = await Promise.all(
    runnable(graph).map(({ node, platform }) => readVariant(node, platform, repository, tools)),
  );
  return {
    name,
    digest,
    mediaType: graph.root.content.descriptor.mediaType,
    size: sizeOfGraph(graph),
    platforms: [...new Set(variants.map(({ platform }) => platform))].filter((platform) => platform !== ''),
    variants,
    annotations: graph.root.document.annotations,
    referrers,
  };
}

interface Runnable {
  readonly node: GraphNode;
  /** What the index says; undefined when only the configuration can tell. */
  readonly platform: string | undefined;
}

/** The manifests that something can run: attestations that builders put into the index are not among them. */
function runnable(graph: ImageGraph): readonly Runnable[] {
  const listed = new Map<Digest, string>();
  const hidden = new Set<Digest>();
  for (const { document } of graph.nodes) {
    if (document.kind !== 'index') continue;
    for (const { digest, platform } of document.manifests) {
      if (platform === undefined) continue;
      if (platform.os === 'unknown') hidden.add(digest);
      else listed.set(digest, formatPlatform(platform));
    }
  }
  return graph.nodes
    .filter(({ content, document }) => document.kind === 'image' && !hidden.has(content.descriptor.digest))
    .map((node) => ({ node, platform: listed.get(node.content.descriptor.digest) }));
}

const configTypes = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

async function readVariant(
  { document }: GraphNode,
  platform: string | undefined,
  repository: Repository,
  tools: ResolveTools,
): Promise<ImageVariant> {
  // An artifact, for example a Helm chart, has a configuration that says nothing of platforms.
  if (document.kind !== 'image' || !configTypes.has(document.config.mediaType)) {
    return { platform: platform ?? '', labels: document.annotations, createdAt: undefined };
  }
  const registry = tools.registry(repository.registry);
  const bytes = await registry.blobBytes(repository.path, document.config, configLimit, tools.signal);
  const config = parseConfig(bytes);
  const inner = isObject(config['config']) ? config['config'] : {};
  return {
    platform: platform ?? platformOf(config),
    labels: textsOf(inner['Labels']),
    createdAt: textOf(config['created']),
  };
}

function parseConfig(bytes: Buffer): JsonObject {
  try {
    const config: unknown = JSON.parse(bytes.toString('utf8'));
    return isObject(config) ? config : {};
  } catch (error) {
    throw new DeliveryError('ManifestUnsupported', 'the image configuration is not JSON', { cause: error });
  }
}

function platformOf(config: JsonObject): string {
  const os = textOf(config['os']);
  const architecture = textOf(config['architecture']);
  if (os === undefined || architecture === undefined) return '';
  const variant = textOf(config['variant']);
  return formatPlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
