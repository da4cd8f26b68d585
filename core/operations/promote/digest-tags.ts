import { shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { blobsOfGraph, type ImageGraph } from '../../model/image-graph.ts';
import { formatRepository } from '../../model/reference.ts';
import type { PromotionTools } from './request.ts';
import type { DigestTag, SourceTree } from './source-tree.ts';
import type { TargetState } from './target-state.ts';

/**
 * Refuses to replace signatures by fewer. The manifest under a cosign tag grows with every signature, so one that holds
 * all that the target's holds may take its place; any other would lose something.
 * @throws DeliveryError `TagConflict`
 */
export async function checkDigestTags(
  tree: SourceTree,
  state: TargetState | undefined,
  tools: PromotionTools,
): Promise<void> {
  for (const digestTag of tree.digestTags) {
    if (state?.tags?.has(digestTag.tag) === false) continue;
    const lost = await wouldLose(tree, digestTag, tools);
    if (lost === undefined) continue;
    throw new DeliveryError(
      'TagConflict',
      `${formatRepository(tree.item.to)}:${digestTag.tag} holds ${shortDigest(lost)}, which the source's does not`,
      {
        hint: 'The target has signatures that the source lacks. Set allowTagMove to replace them all the same.',
      },
    );
  }
}

async function wouldLose(
  { item }: SourceTree,
  { tag, graph }: DigestTag,
  tools: PromotionTools,
): Promise<Digest | undefined> {
  const registry = tools.registry(item.to.registry);
  const current = await registry.resolve(item.to.path, tag, tools.signal);
  if (current === undefined || current.digest === graph.root.content.descriptor.digest) return undefined;
  const theirs = await registry.image(item.to.path, current.digest, tools.signal);
  if (theirs === undefined) return undefined;
  const ours = new Set(layersOf(graph));
  return layersOf(theirs).find((digest) => !ours.has(digest));
}

/** Configurations differ with every signature; what is signed is in the layers. */
function layersOf(graph: ImageGraph): readonly Digest[] {
  const configs = new Set(
    graph.nodes.flatMap(({ document }) => (document.kind === 'image' ? [document.config.digest] : [])),
  );
  return blobsOfGraph(graph)
    .map(({ digest }) => digest)
    .filter((digest) => !configs.has(digest));
}
