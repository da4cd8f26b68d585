import { diagnose, type ContainerLog, type Diagnosis } from '../../model/diagnosis.ts';
import { mapConcurrently } from '../../model/concurrency.ts';
import { DeliveryError } from '../../model/errors.ts';
import {
  fieldAt,
  numberAt,
  objectsAt,
  textAt,
  type KubernetesObject,
} from '../../model/kubernetes-object.ts';
import { conditionOf } from '../../model/rollout/condition.ts';
import { troublesOf } from '../../model/rollout/pod.ts';
import type { DeploySurroundings } from './request.ts';
import type { RolloutFailure, UnfinishedRollout } from './rollout-failure.ts';

/** How many objects are looked into: the first ones say why, the rest would bury it. */
const diagnosedObjects = 5;
const logsPerObject = 2;
const logTail = 15;
/** A diagnosis must never cost more than the rollback that waits for it. */
const patience = 10_000;

type Asking = Pick<DeploySurroundings, 'client'>;

/**
 * Why a rollout failed. Whatever cannot be asked (rights, a broken node) is left out: a diagnosis of less is better than
 * none, and the failure itself is known already.
 */
export async function diagnoseFailure(
  failure: RolloutFailure,
  asking: Asking,
): Promise<readonly Diagnosis[]> {
  const signal = AbortSignal.timeout(patience);
  return mapConcurrently(failure.unfinished.slice(0, diagnosedObjects), 2, (one) =>
    diagnoseOne(one, asking, signal),
  );
}

/** The failure with its reason: what the task says in one line. */
export function explainFailure(failure: RolloutFailure, diagnoses: readonly Diagnosis[]): DeliveryError {
  const [first, ...others] = diagnoses;
  if (first === undefined) return failure;
  const more =
    failure.unfinished.length > 1
      ? ` (and ${others.length === 0 ? failure.unfinished.length - 1 : failure.unfinished.length - 1} more)`
      : '';
  const late = failure.why === 'deadline' ? 'not ready when the deadline passed: ' : '';
  return new DeliveryError(failure.code, `${late}${first.summary}${more}`, {
    ...(first.remedy === undefined ? {} : { hint: first.remedy }),
    cause: failure,
  });
}

async function diagnoseOne(one: UnfinishedRollout, asking: Asking, signal: AbortSignal): Promise<Diagnosis> {
  const pods = [...(one.object.kind === 'Pod' ? [one.object] : one.pods)]
    .filter((pod) => conditionOf(pod, 'Ready')?.status !== 'True')
    .sort((first, second) => troublesOf(second).length - troublesOf(first).length);
  const about = [one.object, ...pods];
  const [events, logs] = await Promise.all([
    eventsAbout(about, asking, signal),
    logsOf(pods.slice(0, logsPerObject), asking, signal),
  ]);
  return diagnose({ ...one, pods, events, logs });
}

async function eventsAbout(
  objects: readonly KubernetesObject[],
  { client }: Asking,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  const [owner] = objects;
  const namespace = owner?.metadata.namespace;
  if (owner === undefined || namespace === undefined) return [];
  const uids = new Set(objects.map((object) => object.metadata.uid));
  const prefix = `${owner.metadata.name ?? ''}-`;
  const query = { apiVersion: 'v1', kind: 'Event', namespace, fieldSelector: 'type!=Normal' };
  const listed = await attempt(() => client.list(query, signal));
  return [...(listed?.items ?? [])]
    .filter((event) => {
      const uid = textAt(event, 'involvedObject', 'uid');
      // Replica sets in between carry the owner's name; FailedCreate (quota) is told of them.
      const isBetween =
        textAt(event, 'involvedObject', 'kind') === 'ReplicaSet' &&
        (textAt(event, 'involvedObject', 'name') ?? '').startsWith(prefix);
      return uids.has(uid) || isBetween;
    })
    .sort((one, other) => timeOf(one).localeCompare(timeOf(other)));
}

function timeOf(event: KubernetesObject): string {
  return (
    textAt(event, 'lastTimestamp') ?? textAt(event, 'eventTime') ?? event.metadata.creationTimestamp ?? ''
  );
}

/** The log of the container that is in trouble; of one that has restarted, what it said before it ended. */
async function logsOf(
  pods: readonly KubernetesObject[],
  { client }: Asking,
  signal: AbortSignal,
): Promise<readonly ContainerLog[]> {
  const logs = await mapConcurrently(pods, logsPerObject, async (pod): Promise<readonly ContainerLog[]> => {
    const { name = '', namespace = '' } = pod.metadata;
    const container = containerInTrouble(pod);
    if (container === undefined) return [];
    const base = { namespace, name, container: container.name, tailLines: logTail, limitBytes: 16_384 };
    const now = await attempt(() => client.logs(base, signal));
    if (now !== undefined && now.trim() !== '')
      return [{ pod: name, container: container.name, previous: false, text: now }];
    if (!container.hasRestarted)
      return now === undefined ? [] : [{ pod: name, container: container.name, previous: false, text: now }];
    const before = await attempt(() => client.logs({ ...base, previous: true }, signal));
    return before === undefined
      ? []
      : [{ pod: name, container: container.name, previous: true, text: before }];
  });
  return logs.flat();
}

function containerInTrouble(pod: KubernetesObject): { name: string; hasRestarted: boolean } | undefined {
  const statuses = [
    ...objectsAt(pod, 'status', 'initContainerStatuses'),
    ...objectsAt(pod, 'status', 'containerStatuses'),
  ];
  const trouble = troublesOf(pod)[0]?.container;
  const status =
    statuses.find((each) => textAt(each, 'name') === trouble) ??
    statuses.find((each) => each['ready'] !== true && fieldAt(each, 'state', 'running') !== undefined);
  const name = textAt(status, 'name');
  if (name === undefined) return undefined;
  const restarts = numberAt(status, 'restartCount') ?? 0;
  // A container that never ran has said nothing.
  const hasRun = restarts > 0 || fieldAt(status, 'state', 'waiting') === undefined;
  return hasRun ? { name, hasRestarted: restarts > 0 } : undefined;
}

async function attempt<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}
