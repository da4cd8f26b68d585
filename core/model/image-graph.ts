import type { Descriptor, ManifestContent } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { blobsOf, nonDistributableOf, type ManifestDocument } from './manifest-document.ts';

/** One manifest of an image: its bytes, and what they say. */
export interface GraphNode {
  readonly content: ManifestContent;
  readonly document: ManifestDocument;
}

/** Everything that hangs together below one digest: manifests in the order in which they may be pushed, root last. */
export interface ImageGraph {
  readonly root: GraphNode;
  readonly nodes: readonly GraphNode[];
}

/** Orders the manifests below `root` so that each comes after all that it lists. */
export function graphOf(root: Digest, found: ReadonlyMap<Digest, GraphNode>): ImageGraph {
  const ordered = new Map<Digest, GraphNode>();
  const visit = (digest: Digest): void => {
    const node = found.get(digest);
    if (node === undefined || ordered.has(digest)) return;
    if (node.document.kind === 'index') {
      for (const child of node.document.manifests) visit(child.digest);
    }
    ordered.set(digest, node);
  };
  visit(root);
  const rootNode = ordered.get(root);
  if (rootNode === undefined) throw new Error(`the graph has no root ${root}`);
  return { root: rootNode, nodes: [...ordered.values()] };
}

/** The blobs of all its manifests, each once. */
export function blobsOfGraph(graph: ImageGraph): readonly Descriptor[] {
  return once(graph.nodes.flatMap((node) => blobsOf(node.document)));
}

export function nonDistributableOfGraph(graph: ImageGraph): readonly Descriptor[] {
  return once(graph.nodes.flatMap((node) => nonDistributableOf(node.document)));
}

/** Every byte of it, each blob and manifest counted once. */
export function sizeOfGraph(graph: ImageGraph): number {
  const manifests = graph.nodes.map((node) => node.content.bytes.length);
  const blobs = blobsOfGraph(graph).map((blob) => blob.size);
  return [...manifests, ...blobs].reduce((sum, size) => sum + size, 0);
}

function once(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}
