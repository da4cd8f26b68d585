import type { ManifestContent } from '../../model/descriptor.ts';
import { digestOf } from '../../model/digest.ts';
import { referrerEntry } from '../../model/manifest-document.ts';
import type { BlobGroup, BlobSchedule, BlobStep } from './blob-schedule.ts';
import { ensureListed } from './referrer-list.ts';
import type { PromotionTools } from './request.ts';
import { nodesOf, type SourceTree } from './source-tree.ts';
import type { TargetState } from './target-state.ts';
import { inWindow } from './window.ts';

// A few large blobs fill any link; more at once would only take memory. Small ones are mostly waiting for answers.
const large = 1024 * 1024;

/** What a copy did with blobs, in numbers. */
export interface CopyTally {
  moved: number;
  mounted: number;
  /** Sent to the target, broken attempts included. */
  bytes: number;
  /** By the repository's path at the target, without what was sent in vain. */
  readonly bytesByPath: Map<string, number>;
}

// The configuration of everything that has none (image-spec, manifest.md, "Guidance for an Empty Descriptor").
const emptyJson = '{}';
const emptyDigest = digestOf(emptyJson);

/** Brings every blob into every repository that needs it. */
export async function copyBlobs(
  schedule: BlobSchedule,
  concurrency: number,
  tools: PromotionTools,
): Promise<CopyTally> {
  const tally: CopyTally = { moved: 0, mounted: 0, bytes: 0, bytesByPath: new Map() };
  const isLarge = ({ first }: BlobGroup): boolean => first.blob.size >= large;
  const carry = (groups: readonly BlobGroup[], width: number): Promise<unknown> =>
    inWindow(groups, width, tools.signal, ({ first }, signal) => take(first, tally, tools, signal));
  await Promise.all([
    carry(schedule.groups.filter(isLarge), Math.ceil(concurrency / 2)),
    carry(
      schedule.groups.filter((group) => !isLarge(group)),
      concurrency,
    ),
  ]);
  const mounts = schedule.groups.flatMap((group) => group.others);
  await inWindow(mounts, concurrency, tools.signal, (step, signal) => take(step, tally, tools, signal));
  return tally;
}

async function take(
  step: BlobStep,
  tally: CopyTally,
  tools: PromotionTools,
  signal: AbortSignal,
): Promise<void> {
  const { blob, from, to, mountFrom } = step;
  if (blob.digest === emptyDigest) {
    await tools.registry(to.registry).putBlob(to.path, blob, Buffer.from(emptyJson), signal);
    return;
  }
  const source = tools.registry(from.registry).blobSource(from.path, blob, signal);
  const target = tools.registry(to.registry);
  const arrival = await target.takeBlob(to.path, blob, source, { mountFrom, signal });
  if (arrival.how === 'mounted') {
    tally.mounted += 1;
    return;
  }
  tally.moved += 1;
  tally.bytes += arrival.bytes;
  tally.bytesByPath.set(to.path, (tally.bytesByPath.get(to.path) ?? 0) + blob.size);
}

/**
 * Pushes the manifests that the target lacks: whatever another lists comes first, referrers after their subjects. No tag
 * is set, except those that are made of a digest.
 */
export async function copyManifests(
  trees: readonly SourceTree[],
  states: readonly TargetState[],
  concurrency: number,
  tools: PromotionTools,
): Promise<void> {
  await inWindow(trees, concurrency, tools.signal, async (tree, signal) => {
    const { to } = tree.item;
    const registry = tools.registry(to.registry);
    const state = states.find(({ repository }) => repository.path === to.path);
    const unlisted = new Set<ManifestContent>();
    for (const level of levelsOf(tree, state)) {
      await inWindow(level, concurrency, signal, async (content) => {
        const result = await registry.putManifest(to.path, content.descriptor.digest, content, signal);
        if (!result.listsReferrer) unlisted.add(content);
      });
    }
    await listReferrers(tree, state, unlisted, tools, signal);
  });
}

/** Manifests that may be pushed side by side, level after level. */
function levelsOf(tree: SourceTree, state: TargetState | undefined): readonly (readonly ManifestContent[])[] {
  const levels = new Map<string, number>();
  const grouped: ManifestContent[][] = [];
  for (const { content, document } of nodesOf(tree)) {
    const below =
      document.kind === 'index' ? document.manifests.map((entry) => levels.get(entry.digest) ?? -1) : [];
    const subject = document.subject === undefined ? -1 : (levels.get(document.subject.digest) ?? -1);
    const level = Math.max(-1, subject, ...below) + 1;
    levels.set(content.descriptor.digest, level);
    if (state?.manifests.has(content.descriptor.digest) !== true) (grouped[level] ??= []).push(content);
  }
  return grouped.filter((level) => level.length > 0);
}

/** Where the target keeps no list of referrers by itself, or ours were there before and may not be listed: sees to it. */
async function listReferrers(
  tree: SourceTree,
  state: TargetState | undefined,
  unlisted: ReadonlySet<ManifestContent>,
  tools: PromotionTools,
  signal: AbortSignal,
): Promise<void> {
  const { to } = tree.item;
  const subjects = new Set(tree.attached.map(({ subject }) => subject));
  await inWindow([...subjects], 4, signal, async (subject) => {
    const mine = tree.attached.filter((attached) => attached.subject === subject);
    const isListed = mine.every(
      ({ graph }) =>
        !unlisted.has(graph.root.content) &&
        state?.manifests.has(graph.root.content.descriptor.digest) !== true,
    );
    if (isListed) return;
    const entries = mine.map(({ graph }) => referrerEntry(graph.root.content, graph.root.document));
    await ensureListed(to, subject, entries, { tags: state?.tags, signal }, tools);
  });
}
