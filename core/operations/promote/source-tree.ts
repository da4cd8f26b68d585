import { formatPlatform, type Descriptor } from '../../model/descriptor.ts';
import { algorithmOf, hexOf, shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { blobsOfGraph, type GraphNode, type ImageGraph } from '../../model/image-graph.ts';
import { formatRepository } from '../../model/reference.ts';
import type { RegistryReader } from '../../clients/registry/registry.ts';
import type { PromotionItem, PromotionTools } from './request.ts';
import { inWindow } from './window.ts';

/** A manifest that was attached to another, with all below it. */
export interface AttachedImage {
  readonly subject: Digest;
  /** As its subject's list has it. */
  readonly entry: Descriptor;
  readonly graph: ImageGraph;
}

/** An image of its own whose tag is made of another's digest: how cosign kept signatures before referrers were. */
export interface DigestTag {
  readonly tag: string;
  readonly graph: ImageGraph;
}

/** Everything at the source that belongs to one image. */
export interface SourceTree {
  readonly item: PromotionItem;
  readonly graph: ImageGraph;
  readonly attached: readonly AttachedImage[];
  readonly digestTags: readonly DigestTag[];
}

/** All manifests of the tree, each once, each after what it lists and, where it is a referrer, after its subject. */
export function nodesOf(tree: SourceTree): readonly GraphNode[] {
  const graphs = [
    tree.graph,
    ...tree.attached.map(({ graph }) => graph),
    ...tree.digestTags.map(({ graph }) => graph),
  ];
  const nodes = graphs.flatMap((graph) => graph.nodes);
  return [...new Map(nodes.map((node) => [node.content.descriptor.digest, node])).values()];
}

export function blobsOfTree(tree: SourceTree): readonly Descriptor[] {
  const graphs = [
    tree.graph,
    ...tree.attached.map(({ graph }) => graph),
    ...tree.digestTags.map(({ graph }) => graph),
  ];
  const blobs = graphs.flatMap((graph) => blobsOfGraph(graph));
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

export function platformsOf(graph: ImageGraph): readonly string[] {
  const { document } = graph.root;
  if (document.kind !== 'index') return [];
  const platforms = document.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
  return platforms.filter(({ os }) => os !== 'unknown').map(formatPlatform);
}

// A repository with more tags than this is asked for the few that matter instead of for all.
const tagPages = 3;

export async function readSource(
  item: PromotionItem,
  withReferrers: boolean,
  tools: PromotionTools,
): Promise<SourceTree> {
  const registry = tools.registry(item.from.registry);
  const { path } = item.from;
  const { digest } = item.image;
  // Asked together: none of the three needs another's answer.
  const [graph, tags, entries] = await Promise.all([
    registry.image(path, digest, tools.signal),
    withReferrers ? knownTags(registry, path, tools.signal) : undefined,
    withReferrers ? registry.referrers(path, digest, { signal: tools.signal }) : [],
  ]);
  if (graph === undefined) {
    throw new DeliveryError(
      'ImageNotFound',
      `${formatRepository(item.from)}@${shortDigest(digest)} (${item.image.name}) is not in the source registry`,
      {
        hint: 'Has a clean-up removed it? Run the CI pipeline again, or promote a release that is still there.',
      },
    );
  }
  if (!withReferrers) return { item, graph, attached: [], digestTags: [] };
  const attached = await readAttached(item, graph, entries, tags, tools);
  const digestTags = await readDigestTags(item, graph, tags, tools);
  return { item, graph, attached, digestTags };
}

/** Undefined when they are too many, or not ours to see. */
async function knownTags(
  registry: RegistryReader,
  path: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const list = await registry.tags(path, tagPages, signal);
    if (list === undefined) return new Set();
    return list.isComplete ? new Set(list.tags) : undefined;
  } catch (error) {
    // To list tags is a right of its own in some registries; each tag can be asked for all the same.
    if (error instanceof DeliveryError && (error.code === 'Forbidden' || error.code === 'Unauthenticated')) {
      return undefined;
    }
    throw error;
  }
}

async function readAttached(
  item: PromotionItem,
  graph: ImageGraph,
  rootEntries: readonly Descriptor[],
  tags: ReadonlySet<string> | undefined,
  tools: PromotionTools,
): Promise<readonly AttachedImage[]> {
  const registry = tools.registry(item.from.registry);
  const { path } = item.from;
  const { signal } = tools;
  const found = new Map<Digest, AttachedImage>();
  let subjects = digestsOf(graph);
  while (subjects.length > 0) {
    const lists = await inWindow(subjects, 8, signal, async (subject) => {
      const isRoot = subject === item.image.digest;
      const entries = isRoot ? rootEntries : await registry.referrers(path, subject, { tags, signal });
      return entries.map((entry) => ({ subject, entry }));
    });
    const fresh = lists.flat().filter(({ entry }) => !found.has(entry.digest));
    const read = await inWindow(fresh, 8, signal, async ({ subject, entry }) => ({
      subject,
      entry,
      graph: await registry.image(path, entry.digest, signal),
    }));
    subjects = [];
    for (const { subject, entry, graph: below } of read) {
      if (below === undefined) {
        tools.log.warning(
          `${item.image.name}: the registry lists ${shortDigest(entry.digest)} as attached to ${shortDigest(subject)}, but does not have it: left out`,
        );
      } else if (!found.has(entry.digest)) {
        found.set(entry.digest, { subject, entry, graph: below });
        subjects = [...subjects, ...digestsOf(below)];
      }
    }
  }
  return [...found.values()];
}

const digestTagEndings = ['sig', 'att', 'sbom'];

async function readDigestTags(
  item: PromotionItem,
  graph: ImageGraph,
  tags: ReadonlySet<string> | undefined,
  tools: PromotionTools,
): Promise<readonly DigestTag[]> {
  const registry = tools.registry(item.from.registry);
  const { path } = item.from;
  const { signal } = tools;
  const names = digestsOf(graph).flatMap((digest) =>
    digestTagEndings.map((ending) => `${algorithmOf(digest)}-${hexOf(digest)}.${ending}`),
  );
  const possible = tags === undefined ? names : names.filter((name) => tags.has(name));
  const found = await inWindow(possible, 8, signal, async (tag) => {
    const descriptor = await registry.resolve(path, tag, signal);
    if (descriptor === undefined) return [];
    const image = await registry.image(path, descriptor.digest, signal);
    return image === undefined ? [] : [{ tag, graph: image }];
  });
  return found.flat();
}

function digestsOf(graph: ImageGraph): readonly Digest[] {
  return graph.nodes.map((node) => node.content.descriptor.digest);
}
