import { nameForLog } from '../../model/azure-cloud.ts';
import { shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError, messageOf } from '../../model/errors.ts';
import { nonDistributableOfGraph } from '../../model/image-graph.ts';
import { defined } from '../../model/json.ts';
import { formatBytes, formatPlan, type ImagePlan, type PromotionPlan } from '../../model/promotion-plan.ts';
import type { Repository } from '../../model/reference.ts';
import { withPromotions, type Promotion, type Release } from '../../model/release.ts';
import { scheduleBlobs, type BlobSchedule } from './blob-schedule.ts';
import { copyBlobs, copyManifests } from './copy.ts';
import type { TagList } from '../../clients/registry/registry.ts';
import { checkDigestTags } from './digest-tags.ts';
import { importTags, importTrees } from './import.ts';
import { decideMethod, type Method } from './method.ts';
import type { PromotionRequest, PromotionTools } from './request.ts';
import { setTags } from './set-tags.ts';
import { nodesOf, platformsOf, readSource, type SourceTree } from './source-tree.ts';
import { attachStatement, isBeyondImport } from './statement.ts';
import { compareTarget, listTargetTags, planTags, refuseMoves, type TargetState } from './target-state.ts';
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
  readonly method: Method;
  readonly trees: readonly SourceTree[];
  readonly states: readonly TargetState[];
  readonly schedule: BlobSchedule;
  readonly plan: PromotionPlan;
}

/** What was done, by whom. */
interface Done {
  /** The trees that the registry service moved by itself. */
  readonly imported: ReadonlySet<SourceTree>;
  readonly bytesByPath: ReadonlyMap<string, number>;
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

  const done = await carry(prepared, request, tools);

  log.phase('Verify');
  for (const tree of prepared.trees) {
    await verifyTarget(tree, request.concurrency, tools);
    log.line(`${tree.item.image.name}: ${nodesOf(tree).length} manifests read back, equal`);
  }

  log.phase('Record');
  const promotions: Promotion[] = [];
  for (const tree of prepared.trees) {
    const method = done.imported.has(tree) ? 'import' : 'copy';
    if (request.withStatement) await state(tree, method, request, tools);
    await tagTree(tree, prepared, request, tools);
    if (request.lock) await lockTree(tree, tools);
    promotions.push(recordOf(tree, method, done, request, tools));
  }
  return { release: withPromotions(request.release, promotions), plan: prepared.plan, promotions };
}

async function prepare(request: PromotionRequest, tools: PromotionTools): Promise<Prepared> {
  const method = await decideMethod(request, tools);
  // Source and target are asked at once: neither needs the other's answer.
  const [trees, lists] = await Promise.all([
    inWindow(request.items, 4, tools.signal, (item) => readSource(item, request.withReferrers, tools)),
    listTargets(request, tools),
  ]);
  // What an import finds present it leaves alone, so it has to know.
  const thoroughly = request.dryRun || method.place !== undefined;
  const states = await compareTargets(trees, lists, thoroughly, request, tools);
  const schedule = scheduleBlobs(trees, states);
  const images = await inWindow(trees, 4, tools.signal, async (tree) => {
    if (!request.allowTagMove) await checkDigestTags(tree, stateOf(tree, states), tools);
    return planImage(tree, stateOf(tree, states), tools);
  });
  const plan: PromotionPlan = { method: method.method, why: method.why, images, blobs: schedule.totals };
  return { method, trees, states, schedule, plan };
}

type TargetTags = ReadonlyMap<string, TagList | undefined>;

/** The tags of every target repository, by its path. */
async function listTargets({ items }: PromotionRequest, tools: PromotionTools): Promise<TargetTags> {
  const targets = [...new Map(items.map(({ to }) => [to.path, to])).values()];
  const lists = await inWindow(targets, 4, tools.signal, async (to) => ({
    path: to.path,
    list: await listTargetTags(to, tools),
  }));
  return new Map(lists.map(({ path, list }) => [path, list]));
}

function compareTargets(
  trees: readonly SourceTree[],
  lists: TargetTags,
  thoroughly: boolean,
  { concurrency }: PromotionRequest,
  tools: PromotionTools,
): Promise<readonly TargetState[]> {
  const targets = [...new Map(trees.map(({ item }) => [item.to.path, item.to])).values()];
  return inWindow(targets, 4, tools.signal, (to) =>
    compareTarget(to, lists.get(to.path), treesOf(trees, to), { thoroughly, concurrency }, tools),
  );
}

/** Brings everything but the tags into the target. */
async function carry(prepared: Prepared, request: PromotionRequest, tools: PromotionTools): Promise<Done> {
  const { method, trees } = prepared;
  if (method.place === undefined) {
    const bytesByPath = await copy(trees, prepared.states, prepared.schedule, request, tools);
    return { imported: new Set(), bytesByPath };
  }
  tools.log.phase('Import');
  const imported = await importTrees(trees, prepared.states, method.place, request.mode === 'auto', tools);
  // The service's word that it is done says nothing of what is there.
  const states = await compareTargets(trees, await listTargets(request, tools), true, request, tools);
  const schedule = scheduleBlobs(trees, states);
  if (request.mode === 'import' && schedule.groups.length > 0) {
    throw new DeliveryError(
      'PromotionIncomplete',
      `the import is reported as done, but ${schedule.groups.length} blobs are not in the target`,
      { hint: 'No tag was set. Run the stage again, or set mode to copy.' },
    );
  }
  const bytesByPath = await copy(trees, states, schedule, request, tools);
  return { imported, bytesByPath };
}

async function copy(
  trees: readonly SourceTree[],
  states: readonly TargetState[],
  schedule: BlobSchedule,
  request: PromotionRequest,
  tools: PromotionTools,
): Promise<ReadonlyMap<string, number>> {
  const { log } = tools;
  if (schedule.groups.length > 0) {
    log.phase('Copy');
    const tally = await copyBlobs(schedule, request.concurrency, tools);
    log.line(`blobs: ${tally.moved} moved (${formatBytes(tally.bytes)}), ${tally.mounted} mounted`);
    await copyManifests(trees, states, request.concurrency, tools);
    return tally.bytesByPath;
  }
  await copyManifests(trees, states, request.concurrency, tools);
  return new Map();
}

async function planImage(
  tree: SourceTree,
  state: TargetState | undefined,
  tools: PromotionTools,
): Promise<ImagePlan> {
  const { image, from, to, tags } = tree.item;
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

/** An identity that may import and read, and no more, cannot attach anything: that is said, and not held against it. */
async function state(
  tree: SourceTree,
  method: 'copy' | 'import',
  request: PromotionRequest,
  tools: PromotionTools,
): Promise<void> {
  try {
    await attachStatement(tree, method, request, tools);
  } catch (error) {
    if (method !== 'import' || !isBeyondImport(error)) throw error;
    tools.log.warning(`${tree.item.image.name}: no promotion statement was attached. ${messageOf(error)}`);
  }
}

async function tagTree(
  tree: SourceTree,
  { method }: Prepared,
  request: PromotionRequest,
  tools: PromotionTools,
): Promise<void> {
  const { to, tags, image } = tree.item;
  const wanted = [
    // Whether these may move was decided before anything was changed.
    ...tree.digestTags.map(({ tag, graph }) => ({ tags: [tag], graph, mayMove: true })),
    { tags, graph: tree.graph, mayMove: request.allowTagMove },
  ];
  for (const one of wanted) {
    try {
      await setTags(to, one.tags, one.graph.root.content, one.mayMove, tools);
    } catch (error) {
      if (method.place === undefined || !isBeyondImport(error)) throw error;
      await importTags(tree, one.tags, one.graph, method.place, one.mayMove, tools);
    }
  }
  tools.log.line(
    `${image.name}: ${nameForLog(to)}@${shortDigest(image.digest)}${tags.length === 0 ? '' : ` is ${tags.join(', ')}`}`,
  );
}

async function lockTree(tree: SourceTree, tools: PromotionTools): Promise<void> {
  const { to, tags, image } = tree.item;
  if (tools.locker === undefined) {
    throw new DeliveryError(
      'ConnectionUnsupported',
      `${to.registry} cannot lock: lock needs a registry of Azure's`,
      {
        hint: 'Leave lock off for this registry, or use an Azure Container Registry service connection.',
      },
    );
  }
  await tools.locker.lock(to.registry, to.path, image.digest, tags, tools.signal);
  tools.log.line(`${image.name}: locked against writing and deletion`);
}

function recordOf(
  tree: SourceTree,
  method: 'copy' | 'import',
  { bytesByPath }: Done,
  request: PromotionRequest,
  tools: PromotionTools,
): Promotion {
  const { image, from, to, tags } = tree.item;
  return defined({
    image: image.name,
    digest: image.digest,
    from,
    to,
    tags,
    method,
    bytes: bytesByPath.get(to.path) ?? 0,
    at: new Date(tools.clock.now()).toISOString(),
    run: request.run,
  });
}

function stateOf(tree: SourceTree, states: readonly TargetState[]): TargetState | undefined {
  return states.find(({ repository }) => repository.path === tree.item.to.path);
}

function treesOf(trees: readonly SourceTree[], to: Repository): readonly SourceTree[] {
  return trees.filter(({ item }) => item.to.path === to.path);
}
