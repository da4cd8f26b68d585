import { DeliveryError } from '../../../model/errors.ts';
import { formatDuration } from '../../../model/duration.ts';
import { isObject } from '../../../model/json.ts';
import {
  fieldAt,
  formatObject,
  numberAt,
  objectKey,
  referenceTo,
  textAt,
  type KubernetesObject,
} from '../../../model/kubernetes-object.ts';
import { comesBeforeSwitch } from '../../../model/strategy/coloring.ts';
import {
  colorLabel,
  ofAnnotation,
  podHashLabel,
  strategyLabel,
  strategyValue,
} from '../../../model/strategy/labels.ts';
import { labelsAt } from '../../../model/strategy/selection.ts';
import { isPullSecret, type BlueGreenProgress } from '../../../model/strategy/progress.ts';
import { applyChanges, type Progress } from '../apply.ts';
import { placeObjects } from '../placement.ts';
import { planAll } from '../prepare.ts';
import type { DeployRequest, DeploySurroundings } from '../request.ts';
import { waitForRollouts } from '../wait.ts';
import { namespacesOf } from './canary-subjects.ts';
import {
  explained,
  nothingInProgress,
  withPatience,
  withStrategyLease,
  type StrategyOutcome,
} from './outcome.ts';
import { readProgress, removeProgress, writeProgress } from './progress-store.ts';
import { listDerived } from './removal.ts';
import { restoreObjects } from './restoring.ts';
import { releaseScale, setScale } from './stable-scale.ts';
import { readBack } from './switch.ts';

/** On a Deployment of an ordinary deployment whose place colours have taken: whose it was. */
const adoptedAnnotation = 'aks-delivery/adopted-by';

/** The promote action: switches to the previewed colour, or completes what an interrupted run began. */
export async function promoteColor(
  request: DeployRequest,
  scaleDownDelay: number,
  surroundings: DeploySurroundings,
): Promise<StrategyOutcome> {
  return withStrategyLease(request, surroundings, async (own) => {
    const progress = await blueGreenProgress(request, own);
    if (progress.phase === 'rejecting') {
      throw new DeliveryError('ApplyConflict', `the preview of ${request.name} is being rejected`, {
        hint: 'Complete it with "reject", then begin again with "deploy".',
      });
    }
    if (progress.phase === 'preview' || progress.phase === 'switching') {
      return promotePreview(request, progress, scaleDownDelay, own);
    }
    await settle(request, progress, undefined, own);
    return { state: 'promoted', weight: 100, deployment: undefined, failure: undefined };
  });
}

/** The reject action: before the switch the preview goes; after it, traffic goes back to the old colour. */
export async function rejectColor(
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<StrategyOutcome> {
  return withStrategyLease(request, surroundings, async (own) => {
    const progress = await readProgress(request.name, request.namespace, own);
    if (progress?.strategy === 'blueGreen') return rejectPreview(request, progress, own);
    own.log.line(`No blue-green deployment of ${request.name} is in progress.`);
    return { state: 'rejected', weight: 0, deployment: undefined, failure: undefined };
  });
}

async function blueGreenProgress(
  request: DeployRequest,
  own: DeploySurroundings,
): Promise<BlueGreenProgress> {
  const progress = await readProgress(request.name, request.namespace, own);
  if (progress?.strategy !== 'blueGreen') throw nothingInProgress(request.name);
  return progress;
}

/** Switches, reads back, keeps the old colour for a while. A failure on the way switches back. */
export async function promotePreview(
  request: DeployRequest,
  known: BlueGreenProgress,
  scaleDownDelay: number,
  own: DeploySurroundings,
): Promise<StrategyOutcome> {
  const { name, namespace } = request;
  const { log } = own;
  const colored: DeployRequest = { ...request, manifests: known.manifests, prune: false, force: true };
  let progress: BlueGreenProgress = { ...known, phase: 'switching' };
  try {
    await requireHealthy(known, own);
    const { changes } = (await planAll(colored, own)).changes;
    log.phase(`Switch to ${known.idle}`);
    await writeProgress(name, namespace, progress, own);
    const deployments = known.manifests.map(({ object }) => object).filter(isColored);
    const late = changes.filter(
      ({ manifest, live }) => !comesBeforeSwitch(manifest, live === undefined, deployments),
    );
    const services = late.filter(({ manifest }) => isSwitched(manifest.object));
    const applied: Progress = { applied: [] };
    // The Services first and at once; what else changes follows when traffic is where it belongs.
    await applyChanges(services, colored, own, applied);
    await readBack(
      services.map(({ manifest }) => manifest.object),
      { [colorLabel]: known.idle },
      own,
    );
    await applyChanges(
      late.filter((change) => !services.includes(change)),
      colored,
      own,
      applied,
    );
    progress = { ...progress, phase: 'switched', scaleDownAt: own.clock.now() + scaleDownDelay };
    await writeProgress(name, namespace, progress, own);
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    const failure = await explained(error, own);
    if (request.onFailure === 'keep' && known.phase === 'preview' && progress.phase !== 'switching') {
      return { state: 'failed', weight: 0, deployment: undefined, failure };
    }
    return { ...(await rejectPreview(request, progress, withPatience(own))), failure };
  }
  await settle(request, progress, undefined, own);
  return { state: 'promoted', weight: 100, deployment: undefined, failure: undefined };
}

/** No traffic goes to a colour that has fallen ill since it was looked at. */
async function requireHealthy(known: BlueGreenProgress, own: DeploySurroundings): Promise<void> {
  const live: KubernetesObject[] = [];
  for (const { object } of known.manifests.filter((manifest) => isColored(manifest.object))) {
    const found = await own.client.get(referenceTo(object), own.deadline.signal);
    if (found === undefined) {
      throw new DeliveryError('NotFound', `${formatObject(object)} is gone`, {
        hint: 'Begin again with "deploy".',
      });
    }
    live.push(found);
  }
  await waitForRollouts(live, own);
}

/**
 * After the switch: waits until the old colour may go and scales it down, removes what belongs to no colour any more.
 * @param delay in milliseconds from now; undefined keeps the time that was set at the switch
 */
export async function settle(
  request: DeployRequest,
  known: BlueGreenProgress,
  delay: number | undefined,
  own: DeploySurroundings,
): Promise<void> {
  const { log, clock, deadline } = own;
  if (known.phase === 'done') return;
  const owner = strategyValue(request.name, 'blueGreen');
  const at = delay === undefined ? (known.scaleDownAt ?? clock.now()) : clock.now() + delay;
  const wait = at - clock.now();
  if (wait > 0 && known.old.length > 0) {
    if (at > deadline.at) {
      log.warning(
        `The old colour goes at ${new Date(at).toISOString()}, after this run: "promote" or the next deployment scales it down then.`,
      );
      return;
    }
    log.line(`${known.active} stays for ${formatDuration(wait)} more`);
    await clock.sleep(wait, deadline.signal);
  }
  log.phase('Scale down');
  for (const workload of known.old) {
    const adopted = known.active === 'plain' ? { [adoptedAnnotation]: owner } : {};
    await setScale(workload, 0, adopted, own);
    log.line(`scaled Deployment ${workload.namespace}/${workload.name} down`);
  }
  const namespaces = namespacesOf(known.manifests.map(({ object }) => object));
  if (known.active !== 'plain') await removeAdopted(known, owner, own);
  await removePreviews(owner, namespaces, own);
  await removeUnreadCopies(owner, namespaces, own);
  await writeProgress(request.name, request.namespace, { ...known, phase: 'done' }, own);
}

/** The Deployment that the first colour took over from can not be switched back to any more. */
async function removeAdopted(
  known: BlueGreenProgress,
  owner: string,
  own: DeploySurroundings,
): Promise<void> {
  for (const { object } of known.manifests.filter((manifest) => isColored(manifest.object))) {
    const name = object.metadata.annotations?.[ofAnnotation];
    if (name === undefined) continue;
    const reference = { ...referenceTo(object), name };
    const found = await own.client.get(reference, own.deadline.signal);
    if (
      found?.metadata.annotations?.[adoptedAnnotation] !== owner ||
      numberAt(found, 'spec', 'replicas') !== 0
    )
      continue;
    await own.client.delete(reference, {}, own.deadline.signal);
    own.log.line(`deleted ${formatObject(found)}`);
  }
}

async function removePreviews(
  owner: string,
  namespaces: readonly string[],
  own: DeploySurroundings,
): Promise<void> {
  for (const service of await listDerived(owner, namespaces, own, [{ apiVersion: 'v1', kind: 'Service' }])) {
    await own.client.delete(referenceTo(service), {}, own.deadline.signal);
    own.log.line(`deleted ${formatObject(service)}`);
  }
}

/** Copies of configuration that neither colour reads. */
async function removeUnreadCopies(
  owner: string,
  namespaces: readonly string[],
  own: DeploySurroundings,
): Promise<void> {
  const deployments = await listDerived(owner, namespaces, own, [
    { apiVersion: 'apps/v1', kind: 'Deployment' },
  ]);
  const texts = deployments.map((deployment) =>
    JSON.stringify(fieldAt(deployment, 'spec', 'template', 'spec')),
  );
  const copies = await listDerived(owner, namespaces, own, [
    { apiVersion: 'v1', kind: 'ConfigMap' },
    { apiVersion: 'v1', kind: 'Secret' },
  ]);
  for (const copy of copies) {
    if (texts.some((text) => text.includes(`"${copy.metadata.name ?? ''}"`))) continue;
    await own.client.delete(referenceTo(copy), {}, own.deadline.signal);
    own.log.line(`deleted ${formatObject(copy)}`);
  }
}

/** Traffic to the old colour, then the new one goes, with everything that came with it. Before the switch only the latter. */
export async function rejectPreview(
  request: DeployRequest,
  known: BlueGreenProgress,
  own: DeploySurroundings,
): Promise<StrategyOutcome> {
  const { name, namespace } = request;
  const { log } = own;
  log.phase(`Back to ${known.active}`);
  // From here on no run may promote; what the old colour was is in the record until the end.
  if (known.phase !== 'rejecting')
    await writeProgress(name, namespace, { ...known, phase: 'rejecting' }, own);
  const restored: KubernetesObject[] = [];
  for (const workload of known.old) {
    const object = await releaseScale(workload, [adoptedAnnotation], own);
    if (object !== undefined) restored.push(object);
  }
  await waitForRollouts(restored, own);
  const placed = await placeObjects({ ...request, manifests: known.manifests }, own);
  const others = placed.filter(
    ({ manifest: { object } }) =>
      object.metadata.labels?.[strategyLabel] === undefined && !isPullSecret(object),
  );
  // Adopted Services stay held to their pods until no pod of the new colour is left that they would select.
  await restoreObjects(
    others,
    known.before.map((object) => held(object, known.pins)),
    own,
  );
  const back = known.before.filter(isService).map((object) => held(object, known.pins));
  if (known.active !== 'none')
    await readBack(
      back.filter((service) => isSwitchable(service, known)),
      {},
      own,
    );
  await removeColor(known, own);
  const owner = strategyValue(name, 'blueGreen');
  const namespaces = namespacesOf(known.manifests.map(({ object }) => object));
  await removePreviews(owner, namespaces, own);
  await removeUnreadCopies(owner, namespaces, own);
  if (Object.keys(known.pins).length > 0) await restoreObjects(others, known.before, own);
  await removeProgress(name, namespace, own);
  return { state: 'rejected', weight: 0, deployment: undefined, failure: undefined };
}

/** The rejected colour goes altogether, and is waited for: an adopted Service would select its pods. */
async function removeColor(known: BlueGreenProgress, own: DeploySurroundings): Promise<void> {
  const { client, clock, deadline, log } = own;
  for (const { object } of known.manifests.filter((manifest) => isColored(manifest.object))) {
    const reference = referenceTo(object);
    const namespace = object.metadata.namespace ?? '';
    if (await client.delete(reference, {}, deadline.signal)) log.line(`deleted ${formatObject(object)}`);
    const labels = labelsAt(object, 'spec', 'selector', 'matchLabels');
    const labelSelector = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(',');
    while (
      (await client.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector }, deadline.signal)).items
        .length > 0
    ) {
      await clock.sleep(500, deadline.signal);
    }
  }
}

function held(object: KubernetesObject, pins: Readonly<Record<string, string>>): KubernetesObject {
  const hash = pins[`${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`];
  if (!isService(object) || hash === undefined || !isObject(object['spec'])) return object;
  const selector = { ...labelsAt(object, 'spec', 'selector'), [podHashLabel]: hash };
  return { ...object, spec: { ...object['spec'], selector } };
}

function isSwitchable(service: KubernetesObject, known: BlueGreenProgress): boolean {
  return known.manifests.some(({ object }) => isSwitched(object) && objectKey(object) === objectKey(service));
}

function isService(object: KubernetesObject): boolean {
  return object.kind === 'Service' && object.apiVersion === 'v1';
}

/** A Service as the manifests of a colour have it. */
function isSwitched(object: KubernetesObject): boolean {
  return isService(object) && textAt(object, 'spec', 'selector', colorLabel) !== undefined;
}

function isColored(object: KubernetesObject): boolean {
  return object.kind === 'Deployment' && object.metadata.labels?.[strategyLabel] !== undefined;
}
