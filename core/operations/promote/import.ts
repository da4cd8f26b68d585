import { DeliveryError, isDeliveryError } from '../../model/errors.ts';
import { blobsOfGraph, type ImageGraph } from '../../model/image-graph.ts';
import type { AzureRegistry } from '../../model/promotion-method.ts';
import { nameForLog } from '../../model/azure-cloud.ts';
import { formatRepository } from '../../model/reference.ts';
import type { ImageImporter } from '../../clients/azure/container-registry.ts';
import type { PromotionTools } from './request.ts';
import type { SourceTree } from './source-tree.ts';
import type { TargetState } from './target-state.ts';
import { inWindow } from './window.ts';

export interface ImportPlace {
  readonly importer: ImageImporter;
  readonly source: AzureRegistry;
  readonly target: AzureRegistry;
}

// The service throttles by tier; more operations at once than this have been seen to be refused (HAP429).
const atOnce = 4;

/**
 * Has the service move each image and, because it leaves behind what is attached, each attachment by itself. Nothing is
 * tagged.
 * @param fallBack whether a failure of the service's leaves the rest to a copy instead of ending the promotion
 * @returns the trees that the service has moved
 */
export async function importTrees(
  trees: readonly SourceTree[],
  states: readonly TargetState[],
  place: ImportPlace,
  fallBack: boolean,
  tools: PromotionTools,
): Promise<ReadonlySet<SourceTree>> {
  const done = await inWindow(trees, atOnce, tools.signal, async (tree, signal) => {
    const state = states.find(({ repository }) => repository.path === tree.item.to.path);
    try {
      await importTree(tree, state, place, signal);
      tools.log.line(`${tree.item.image.name}: imported into ${nameForLog(tree.item.to)}`);
      return [tree];
    } catch (error) {
      // What the service did so far is content by digest: to copy the rest on top of it is always right.
      if (!fallBack || !isDeliveryError(error) || signal.aborted) throw error;
      tools.log.warning(`${tree.item.image.name}: import failed, it is copied instead. ${describe(error)}`);
      return [];
    }
  });
  return new Set(done.flat());
}

async function importTree(
  tree: SourceTree,
  state: TargetState | undefined,
  { importer, source, target }: ImportPlace,
  signal: AbortSignal,
): Promise<void> {
  const { from, to } = tree.item;
  const graphs = [
    tree.graph,
    ...tree.attached.map(({ graph }) => graph),
    ...tree.digestTags.map(({ graph }) => graph),
  ];
  // One after the other: an attachment is moved after its subject.
  for (const graph of graphs) {
    if (isPresent(graph, state)) continue;
    const { digest } = graph.root.content.descriptor;
    await importer.import(
      { source, sourcePath: from.path, digest, target, targetPath: to.path, tag: undefined, force: false },
      signal,
    );
  }
}

/** Sets tags by importing once more under them, for identities that may import and not push; reads them back. */
export async function importTags(
  tree: SourceTree,
  tags: readonly string[],
  graph: ImageGraph,
  { importer, source, target }: ImportPlace,
  allowTagMove: boolean,
  tools: PromotionTools,
): Promise<void> {
  const { from, to } = tree.item;
  const { digest } = graph.root.content.descriptor;
  const registry = tools.registry(to.registry);
  for (const tag of tags) {
    const place = { source, sourcePath: from.path, digest, target, targetPath: to.path };
    await importer.import({ ...place, tag, force: allowTagMove }, tools.signal);
    if ((await registry.resolve(to.path, tag, tools.signal))?.digest === digest) continue;
    throw new DeliveryError(
      'PromotionIncomplete',
      `${formatRepository(to)}:${tag} is not what was imported`,
      {
        hint: 'Another pipeline sets the same tag. Give each release a tag of its own.',
      },
    );
  }
}

function isPresent(graph: ImageGraph, state: TargetState | undefined): boolean {
  return (
    state !== undefined &&
    graph.nodes.every(({ content }) => state.manifests.has(content.descriptor.digest)) &&
    blobsOfGraph(graph).every(({ digest }) => state.blobs.has(digest))
  );
}

function describe(error: DeliveryError): string {
  return `${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`;
}
