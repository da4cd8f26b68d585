import { formatPlatform, type Descriptor } from '../../model/descriptor.ts';
import { shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { graphOf, type GraphNode, type ImageGraph } from '../../model/image-graph.ts';
import { childrenOf, manifestName, parseManifest } from '../../model/manifest-document.ts';
import type { Manifests } from './manifests.ts';

// No image has this many levels or manifests; a registry that says otherwise is not believed.
const deepest = 8;
const mostManifests = 5000;

/**
 * Reads a manifest and all that it lists, level by level.
 * @returns undefined when the registry does not have the manifest itself
 * @throws DeliveryError `ImageNotFound` when it lacks one that another lists
 */
export async function readImage(
  host: string,
  manifests: Pick<Manifests, 'get'>,
  path: string,
  digest: Digest,
  signal?: AbortSignal,
): Promise<ImageGraph | undefined> {
  const found = new Map<Digest, GraphNode>();
  const root = await read(digest);
  if (root === undefined) return undefined;
  let level: readonly Descriptor[] = childrenOf(root.document);
  for (let depth = 1; level.length > 0; depth += 1) {
    const fresh = [...new Map(level.map((entry) => [entry.digest, entry])).values()].filter(
      (entry) => !found.has(entry.digest),
    );
    if (depth > deepest || found.size + fresh.length > mostManifests) {
      throw new DeliveryError(
        'ManifestUnsupported',
        `${host}/${manifestName(path, digest)} is nested deeper or wider than any image is`,
      );
    }
    const nodes = await Promise.all(fresh.map((entry) => readChild(entry)));
    level = nodes.flatMap((node) => childrenOf(node.document));
  }
  return graphOf(digest, found);

  async function read(wanted: Digest): Promise<GraphNode | undefined> {
    const content = await manifests.get(path, wanted, signal);
    if (content === undefined) return undefined;
    const node = { content, document: parseManifest(content, `${host}/${manifestName(path, wanted)}`) };
    found.set(wanted, node);
    return node;
  }

  async function readChild(entry: Descriptor): Promise<GraphNode> {
    const node = await read(entry.digest);
    if (node !== undefined) return node;
    const platform = entry.platform === undefined ? '' : ` (${formatPlatform(entry.platform)})`;
    throw new DeliveryError(
      'ImageNotFound',
      `${host}/${manifestName(path, digest)} lists ${shortDigest(entry.digest)}${platform}, which the registry does not have`,
      { hint: 'The image is incomplete in the source registry: push all its platforms again.' },
    );
  }
}
