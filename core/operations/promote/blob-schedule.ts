import type { Descriptor } from '../../model/descriptor.ts';
import type { Digest } from '../../model/digest.ts';
import { amountOf, type BlobTotals } from '../../model/promotion-plan.ts';
import type { Repository } from '../../model/reference.ts';
import { blobsOfTree, type SourceTree } from './source-tree.ts';
import type { TargetState } from './target-state.ts';

/** How one blob comes into one repository of the target. */
export interface BlobStep {
  readonly blob: Descriptor;
  readonly from: Repository;
  readonly to: Repository;
  /** A repository of the target that has it already, or will have it when the group's first step is done. */
  readonly mountFrom: string | undefined;
}

/** The steps of one blob: the first brings it into the target, the others mount it from there. */
export interface BlobGroup {
  readonly first: BlobStep;
  readonly others: readonly BlobStep[];
}

export interface BlobSchedule {
  readonly groups: readonly BlobGroup[];
  readonly totals: BlobTotals;
}

/**
 * Decides for every blob of every image where it comes from. A blob crosses the wire at most once, however many images
 * have it; large ones go first, so that no lane is left with one at the end.
 * @param holders repositories of the target that are known to have a blob, by its digest
 */
export function scheduleBlobs(
  trees: readonly SourceTree[],
  states: readonly TargetState[],
  holders: ReadonlyMap<Digest, string> = new Map(),
): BlobSchedule {
  const steps = new Map<Digest, BlobStep[]>();
  const present: Descriptor[] = [];
  const held = new Map(holders);
  const seen = new Set<string>();
  for (const tree of trees) {
    const { from, to } = tree.item;
    const state = states.find(({ repository }) => repository.path === to.path);
    for (const blob of blobsOfTree(tree)) {
      const key = `${blob.digest} ${to.path}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (state?.blobs.has(blob.digest) === true) {
        present.push(blob);
        held.set(blob.digest, to.path);
        continue;
      }
      // Between two repositories of one registry nothing need travel at all.
      if (from.registry === to.registry && !held.has(blob.digest)) held.set(blob.digest, from.path);
      const known = steps.get(blob.digest) ?? [];
      known.push({ blob, from, to, mountFrom: undefined });
      steps.set(blob.digest, known);
    }
  }
  const mounted: Descriptor[] = [];
  const moved: Descriptor[] = [];
  const groups = [...steps].map(([digest, needed]): BlobGroup => {
    const holder = held.get(digest);
    const [first, ...others] = needed as [BlobStep, ...BlobStep[]];
    (holder === undefined ? moved : mounted).push(first.blob);
    mounted.push(...others.map((step) => step.blob));
    return {
      // A repository that seems new may hold blobs of an attempt that was cut short: to mount from itself asks that.
      first: { ...first, mountFrom: holder ?? unseen(states, first.to) },
      others: others.map((step) => ({ ...step, mountFrom: holder ?? first.to.path })),
    };
  });
  groups.sort((one, other) => other.first.blob.size - one.first.blob.size);
  return {
    groups,
    totals: { present: amountOf(present), mounted: amountOf(mounted), moved: amountOf(moved) },
  };
}

function unseen(states: readonly TargetState[], to: Repository): string | undefined {
  const state = states.find(({ repository }) => repository.path === to.path);
  return state?.isKnown === true ? undefined : to.path;
}
