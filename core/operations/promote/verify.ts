import { shortDigest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { formatRepository } from '../../model/reference.ts';
import type { PromotionTools } from './request.ts';
import { nodesOf, type SourceTree } from './source-tree.ts';
import { inWindow } from './window.ts';

/**
 * Reads back every manifest of the tree and compares it with the source, byte by byte. The root is read back under its
 * tags, when it has any, as soon as they are set. Blobs need no reading: the target has named each of them by its digest
 * in this run, when it was found, mounted or taken.
 * @throws DeliveryError `PromotionIncomplete`
 */
export async function verifyTarget(
  tree: SourceTree,
  concurrency: number,
  tools: PromotionTools,
): Promise<void> {
  const { to, image, tags } = tree.item;
  const registry = tools.registry(to.registry);
  const { root } = tree.graph;
  const nodes = nodesOf(tree).filter((node) => node !== root || tags.length === 0);
  await inWindow(nodes, concurrency, tools.signal, async ({ content }, signal) => {
    const { digest } = content.descriptor;
    const found = await registry.manifest(to.path, digest, signal);
    if (found !== undefined && Buffer.compare(found.bytes, content.bytes) === 0) return;
    throw new DeliveryError(
      'PromotionIncomplete',
      `${formatRepository(to)}@${shortDigest(digest)} (${image.name}) ${found === undefined ? 'is not there' : 'differs'} when it is read back`,
      { hint: 'No tag was set. Run the stage again: only what is missing will be moved.' },
    );
  });
}
