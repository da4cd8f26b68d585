import { mapConcurrently } from '../../../model/concurrency.ts';
import { DeliveryError } from '../../../model/errors.ts';
import {
  formatObject,
  numberAt,
  referenceTo,
  type KubernetesObject,
} from '../../../model/kubernetes-object.ts';
import type { ManifestObject } from '../../../model/manifest-object.ts';
import { newestReplicaSet } from '../../../model/rollout/workloads.ts';
import { canaryDeployment, canaryService, stableService } from '../../../model/strategy/derived-objects.ts';
import type { CanarySubject } from '../../../model/strategy/division.ts';
import { podHashLabel, strategyLabel, strategyValue } from '../../../model/strategy/labels.ts';
import type { CanaryProgress } from '../../../model/strategy/progress.ts';
import {
  achievedShare,
  addedCounts,
  approximateCounts,
  routedCounts,
  type Counts,
} from '../../../model/strategy/replicas.ts';
import { labelsAt, serves } from '../../../model/strategy/selection.ts';
import { concurrency, fieldManager, type DeploySurroundings } from '../request.ts';
import type { SplitTraffic } from './traffic/provider.ts';

/** One Deployment of the canary with the Services that send to it. */
export interface Subject extends CanarySubject {
  readonly services: readonly KubernetesObject[];
}

/** The Services in front of the subjects, as they are: not only those of the manifests. */
export async function findServices(
  subjects: readonly CanarySubject[],
  { client, deadline }: DeploySurroundings,
): Promise<readonly Subject[]> {
  const lists = new Map<string, readonly KubernetesObject[]>();
  for (const namespace of namespacesOf(subjects.map(({ live }) => live))) {
    const { items } = await client.list({ apiVersion: 'v1', kind: 'Service', namespace }, deadline.signal);
    lists.set(
      namespace,
      items.filter((service) => service.metadata.labels?.[strategyLabel] === undefined),
    );
  }
  return subjects.map((subject) => ({
    ...subject,
    services: (lists.get(subject.live.metadata.namespace ?? '') ?? []).filter((service) =>
      serves(service, subject.live),
    ),
  }));
}

export function namespacesOf(objects: readonly KubernetesObject[]): readonly string[] {
  return [...new Set(objects.map((object) => object.metadata.namespace ?? ''))].filter((name) => name !== '');
}

/** One label of each Service's selector is enough to keep a pod out of it. */
export function labelsApart(subjects: readonly Subject[]): readonly string[] {
  const names = subjects.flatMap(({ services }) =>
    services.map((service) => Object.keys(labelsAt(service, 'spec', 'selector')).sort()[0] ?? ''),
  );
  return [...new Set(names)].filter((name) => name !== '');
}

/** How many pods each side is to have at a weight, by what is really running now. */
export function countsOf(
  subject: Subject,
  weight: number,
  progress: CanaryProgress,
  splitsOutside: boolean,
): Counts {
  const { name, namespace } = subject.live.metadata;
  const before = progress.stable.find((one) => one.name === name && one.namespace === namespace);
  const live = numberAt(subject.live, 'spec', 'replicas') ?? 1;
  if (splitsOutside) return routedCounts(live, weight);
  if (!progress.constantTotal) return addedCounts(live, weight);
  const total = before?.replicas ?? live;
  return approximateCounts(total, weight, total === 1 ? 1 : 0);
}

/** What all subjects together come to when pods decide. */
export function shareOf(counts: readonly Counts[]): number {
  const shares = counts.map(achievedShare);
  return shares.length === 0 ? 0 : Math.max(...shares);
}

export function canaryOf(
  subject: Subject,
  replicas: number,
  name: string,
  progress: CanaryProgress,
): KubernetesObject {
  const shape = { deployment: strategyValue(name, 'canary'), apart: new Set(progress.apart) };
  return canaryDeployment(subject.manifest.object, replicas, shape);
}

/** The Services that reach canary pods alone, and stable pods alone, one pair for each Service in front of a subject. */
export async function sideServices(
  subjects: readonly Subject[],
  name: string,
  progress: CanaryProgress,
  { client, deadline }: DeploySurroundings,
): Promise<readonly KubernetesObject[]> {
  const owner = strategyValue(name, 'canary');
  const shape = { deployment: owner, apart: new Set(progress.apart) };
  const services: KubernetesObject[] = [];
  for (const subject of subjects) {
    if (subject.services.length === 0) continue;
    const namespace = subject.live.metadata.namespace ?? '';
    const sets = await client.list({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace }, deadline.signal);
    const hash = newestReplicaSet(subject.live, sets.items)?.metadata.labels?.[podHashLabel];
    for (const service of subject.services) {
      services.push(canaryService(service, shape));
      if (hash !== undefined) services.push(stableService(service, hash, owner));
    }
  }
  return services;
}

/** Which Services' traffic goes to which canary Services, one entry for each namespace. */
export function trafficOf(subjects: readonly Subject[]): readonly SplitTraffic[] {
  const split = new Map<string, Map<string, string>>();
  for (const { services } of subjects) {
    for (const { metadata } of services) {
      const { name = '', namespace = '' } = metadata;
      const backends = split.get(namespace) ?? new Map<string, string>();
      backends.set(name, `${name}-canary`);
      split.set(namespace, backends);
    }
  }
  return [...split].map(([namespace, backends]) => ({ namespace, backends }));
}

/**
 * Names that the strategy is going to use and that somebody else uses already.
 * @throws DeliveryError `ApplyConflict`
 */
export async function refuseStrangers(
  objects: readonly KubernetesObject[],
  owner: string,
  { client, deadline }: DeploySurroundings,
): Promise<void> {
  const live = await mapConcurrently(objects, concurrency, (object) =>
    client.get(referenceTo(object), deadline.signal),
  );
  const stranger = live.find(
    (object) => object !== undefined && object.metadata.labels?.[strategyLabel] !== owner,
  );
  if (stranger === undefined) return;
  throw new DeliveryError(
    'ApplyConflict',
    `${formatObject(stranger)} is there already and not this task's own`,
    {
      hint: 'Rename or delete it: the strategy needs the name for an object of its own.',
    },
  );
}

/** Writes objects that belong to the strategy alone. */
export async function applyOwn(
  objects: readonly KubernetesObject[],
  { client, deadline, log }: DeploySurroundings,
): Promise<readonly KubernetesObject[]> {
  return mapConcurrently(objects, concurrency, async (object) => {
    deadline.signal.throwIfAborted();
    const { object: after, created } = await client.apply(
      object,
      { fieldManager, force: true },
      deadline.signal,
    );
    if (created) log.line(`created ${formatObject(after)}`);
    return after;
  });
}

/** New objects that come early carry the label until the promotion applies them for good. */
export function labelled(manifests: readonly ManifestObject[], owner: string): readonly KubernetesObject[] {
  return manifests.map(({ object }) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, [strategyLabel]: owner } },
  }));
}
