import type { Descriptor } from '../../model/descriptor.ts';
import { shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import type { TagPlan } from '../../model/promotion-plan.ts';
import { formatRepository, type Repository } from '../../model/reference.ts';
import type { Registry, TagList } from '../../clients/registry/registry.ts';
import type { PromotionTools } from './request.ts';
import { blobsOfTree, nodesOf, type SourceTree } from './source-tree.ts';
import { inWindow } from './window.ts';

/** What one repository of the target holds of what is to come to it. */
export interface TargetState {
  readonly repository: Repository;
  /**
   * False when the repository has no tags and so most likely does not exist. Its small blobs then were not looked for one
   * by one: each is asked for when it is about to be sent.
   */
  readonly isKnown: boolean;
  readonly manifests: ReadonlySet<Digest>;
  readonly blobs: ReadonlySet<Digest>;
  /** Every tag, when they were few enough to be listed. */
  readonly tags: ReadonlySet<string> | undefined;
}

const tagPages = 3;

// In a repository that seems new, a blob smaller than this is sent as quickly as it is asked for.
const worthAsking = 256 * 1024;

/** The target's tags, or the first few thousand of them. */
export function listTargetTags(repository: Repository, tools: PromotionTools): Promise<TagList | undefined> {
  return tools.registry(repository.registry).tags(repository.path, tagPages, tools.signal);
}

/**
 * Compares what the trees need with what the target repository has.
 * @param list the repository's tags; undefined when it has none
 * @param options `thoroughly` asks for everything, for a plan that is exact even where the repository is new
 */
export async function compareTarget(
  repository: Repository,
  list: TagList | undefined,
  trees: readonly SourceTree[],
  options: { readonly thoroughly: boolean; readonly concurrency: number },
  tools: PromotionTools,
): Promise<TargetState> {
  const registry = tools.registry(repository.registry);
  const { path } = repository;
  const { signal } = tools;
  const isKnown = list !== undefined;
  const tags = list === undefined ? new Set<string>() : list.isComplete ? new Set(list.tags) : undefined;
  const isAsked = isKnown || options.thoroughly;
  const [manifests, blobs] = await Promise.all([
    isAsked
      ? present(
          trees.flatMap(nodesOf).map((node) => node.content.descriptor),
          (manifest) => hasManifest(registry, path, manifest, signal),
        )
      : new Set<Digest>(),
    presentBlobs(trees.flatMap(blobsOfTree), isAsked),
  ]);
  return { repository, isKnown, manifests, blobs, tags };

  /** Where an attempt was cut short, its large blobs are there: then all are looked for. */
  async function presentBlobs(blobs: readonly Descriptor[], all: boolean): Promise<ReadonlySet<Digest>> {
    const has = (blob: Descriptor): Promise<boolean> => registry.hasBlob(path, blob, signal);
    if (all) return present(blobs, has);
    const found = await present(
      blobs.filter(({ size }) => size >= worthAsking),
      has,
    );
    if (found.size === 0) return found;
    const rest = blobs.filter(({ size }) => size < worthAsking);
    return new Set([...found, ...(await present(rest, has))]);
  }

  async function present(
    descriptors: readonly Descriptor[],
    has: (descriptor: Descriptor) => Promise<boolean>,
  ): Promise<ReadonlySet<Digest>> {
    const each = [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
    const answers = await inWindow(each, options.concurrency, signal, async (descriptor) =>
      (await has(descriptor)) ? [descriptor.digest] : [],
    );
    return new Set(answers.flat());
  }
}

/** What stands in the way of each tag, looked up one by one. */
export async function planTags(
  repository: Repository,
  tags: readonly string[],
  digest: Digest,
  known: ReadonlySet<string> | undefined,
  tools: PromotionTools,
): Promise<readonly TagPlan[]> {
  const registry = tools.registry(repository.registry);
  return inWindow(tags, 8, tools.signal, async (tag) => {
    if (known !== undefined && !known.has(tag)) return { tag, state: 'new' };
    const was = await registry.resolve(repository.path, tag, tools.signal);
    if (was === undefined) return { tag, state: 'new' };
    return was.digest === digest
      ? { tag, state: 'same', was: digest }
      : { tag, state: 'moves', was: was.digest };
  });
}

/** @throws DeliveryError `TagConflict` for the tags that would move, all named at once */
export function refuseMoves(
  moves: readonly { readonly repository: Repository; readonly plan: TagPlan; readonly digest: Digest }[],
): void {
  if (moves.length === 0) return;
  const named = moves.map(
    ({ repository, plan, digest }) =>
      `${formatRepository(repository)}:${plan.tag} is ${plan.was === undefined ? 'another digest' : shortDigest(plan.was)}, not ${shortDigest(digest)}`,
  );
  throw new DeliveryError('TagConflict', `tags exist at another digest: ${named.join('; ')}`, {
    hint: 'Promote under a new tag, or set allowTagMove if these tags are meant to move.',
  });
}

async function hasManifest(
  registry: Registry,
  path: string,
  manifest: Descriptor,
  signal: AbortSignal,
): Promise<boolean> {
  return (await registry.resolve(path, manifest.digest, signal))?.digest === manifest.digest;
}
