import type { Promotion, Release } from '../../model/release.ts';
import { withPromotions } from '../../model/release.ts';
import { shortDigest, type Digest } from '../../model/digest.ts';
import { defined } from '../../model/json.ts';
import { nonDistributableOfGraph } from '../../model/image-graph.ts';
import { formatBytes, formatPlan, type ImagePlan, type PromotionPlan } from '../../model/promotion-plan.ts';
import { formatRepository, type Repository } from '../../model/reference.ts';
import { scheduleBlobs, type BlobSchedule } from './blob-schedule.ts';
import { copyBlobs, copyManifests } from './copy.ts';
import type { PromotionRequest, PromotionTools } from './request.ts';
import { setTags } from './set-tags.ts';
import { nodesOf, platformsOf, readSource, type SourceTree } from './source-tree.ts';
import { compareTarget, planTags, refuseMoves, type TargetState } from './target-state.ts';
import { validateRequest } from './validate.ts';
import { verifyTarget } from './verify.ts';
import { inWindow } from './window.ts';

/** What became of a promotion. */
export interface PromotionOutcome {
  /** The record with what was promoted; as it was after a dry run. */
  readonly release: Release;
  readonly plan: PromotionPlan;
  readonly promotions: readonly Promotion[];
}

/** Everything known before anything changes. */
interface Prepared {
  readonly trees: readonly SourceTree[];
  readonly states: readonly TargetState[];
  readonly schedule: BlobSchedule;
  readonly plan: PromotionPlan;
}

/**
 * Carries a release into another registry, by digest and with everything attached: plan, blobs, manifests, read back,
 * tags.
 */
export async function promote(request: PromotionRequest, tools: PromotionTools): Promise<PromotionOutcome> {
  const { log } = tools;
  validateRequest(request);

  log.phase('Plan');
  const prepared = await prepare(request, tools);
  for (const line of formatPlan(prepared.plan)) log.line(line);
  refuseTagMoves(request, prepared);
  if (request.dryRun) {
    log.line('dry run: nothing was changed');
    return { release: request.release, plan: prepared.plan, promotions: [] };
  }

  log.phase('Copy');
  const tally = await copyBlobs(prepared.schedule, request.concurrency, tools);
  log.line(`blobs: ${tally.moved} moved (${formatBytes(tally.bytes)}), ${tally.mounted} mounted`);
  await copyManifests(prepared.trees, prepared.states, request.concurrency, tools);

  log.phase('Verify');
  for (const tree of prepared.trees) {
    await verifyTarget(tree, request.concurrency, tools);
    log.line(`${tree.item.image.name}: ${nodesOf(tree).length} manifests read back, equal`);
  }

  log.phase('Tag');
  const promotions: Promotion[] = [];
  for (const tree of prepared.trees) {
    await tagTree(tree, request, tools);
    promotions.push(recordOf(tree, request, tally.bytesByPath.get(tree.item.to.path) ?? 0, tools));
  }
  return { release: withPromotions(request.release, promotions), plan: prepared.plan, promotions };
}

async function prepare(request: PromotionRequest, tools: PromotionTools): Promise<Prepared> {
  const trees = await inWindow(request.items, 4, tools.signal, (item) =>
    readSource(item, request.withReferrers, tools),
  );
  const targets = [...new Map(trees.map(({ item }) => [item.to.path, item.to])).values()];
  const options = { thoroughly: request.dryRun, concurrency: request.concurrency };
  const states = await inWindow(targets, 4, tools.signal, (to) =>
    compareTarget(to, treesOf(trees, to), options, tools),
  );
  const schedule = scheduleBlobs(trees, states);
  const images = await inWindow(trees, 4, tools.signal, (tree) => planImage(tree, states, tools));
  const why = 'streamed from registry to registry through this agent';
  return { trees, states, schedule, plan: { method: 'copy', why, images, blobs: schedule.totals } };
}

async function planImage(
  tree: SourceTree,
  states: readonly TargetState[],
  tools: PromotionTools,
): Promise<ImagePlan> {
  const { image, from, to, tags } = tree.item;
  const state = states.find(({ repository }) => repository.path === to.path);
  const nodes = nodesOf(tree);
  const isPresent = (digest: Digest): boolean => state?.manifests.has(digest) === true;
  return {
    name: image.name,
    from,
    to,
    digest: image.digest,
    platforms: platformsOf(tree.graph),
    tags: await planTags(to, tags, image.digest, state?.tags, tools),
    manifests: {
      total: nodes.length,
      present: nodes.filter((node) => isPresent(node.content.descriptor.digest)).length,
    },
    referrers: tree.attached.map(({ entry }) => entry),
    digestTags: tree.digestTags.map(({ tag }) => tag),
    leftOut: nonDistributableOfGraph(tree.graph),
  };
}

function refuseTagMoves(request: PromotionRequest, { plan }: Prepared): void {
  if (request.allowTagMove) return;
  refuseMoves(
    plan.images.flatMap(({ to, digest, tags }) =>
      tags.filter(({ state }) => state === 'moves').map((tag) => ({ repository: to, plan: tag, digest })),
    ),
  );
}

async function tagTree(tree: SourceTree, request: PromotionRequest, tools: PromotionTools): Promise<void> {
  const { to, tags, image } = tree.item;
  for (const { tag, graph } of tree.digestTags) {
    await setTags(to, [tag], graph.root.content, request.allowTagMove, tools);
  }
  await setTags(to, tags, tree.graph.root.content, request.allowTagMove, tools);
  tools.log.line(
    `${image.name}: ${formatRepository(to)}@${shortDigest(image.digest)}${tags.length === 0 ? '' : ` is ${tags.join(', ')}`}`,
  );
}

function recordOf(
  tree: SourceTree,
  request: PromotionRequest,
  bytes: number,
  tools: PromotionTools,
): Promotion {
  const { image, from, to, tags } = tree.item;
  return defined({
    image: image.name,
    digest: image.digest,
    from,
    to,
    tags,
    method: 'copy' as const,
    bytes,
    at: new Date(tools.clock.now()).toISOString(),
    run: request.run,
  });
}

function treesOf(trees: readonly SourceTree[], to: Repository): readonly SourceTree[] {
  return trees.filter(({ item }) => item.to.path === to.path);
}
