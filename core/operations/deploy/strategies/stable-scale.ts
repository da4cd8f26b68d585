import { ApiError } from '../../../model/api-error.ts';
import { isSameJson } from '../../../model/equality.ts';
import { numberAt, type KubernetesObject } from '../../../model/kubernetes-object.ts';
import type { StableWorkload } from '../../../model/strategy/progress.ts';
import type { DeploySurroundings } from '../request.ts';
import { waitForRollouts } from '../wait.ts';
import { interimManager, releaseInterim } from './interim.ts';

const attempts = 5;

/** Sets the number of pods of a Deployment that is not the strategy's own, for as long as the strategy lasts. */
export async function scaleFor(
  workload: Pick<StableWorkload, 'namespace' | 'name'>,
  replicas: number,
  { client, deadline }: DeploySurroundings,
): Promise<KubernetesObject> {
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', ...pick(workload) };
  const options = { type: 'merge' as const, fieldManager: interimManager };
  return (await client.patch(reference, { spec: { replicas } }, options, deadline.signal)).object;
}

/** Gives Deployments that the strategy scaled their number of pods back, with whoever owned it, and waits for the pods. */
export async function restoreScale(
  workloads: readonly StableWorkload[],
  surroundings: DeploySurroundings,
): Promise<void> {
  const { client, deadline } = surroundings;
  const restored: KubernetesObject[] = [];
  for (const workload of workloads) {
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', ...pick(workload) };
    const owners = workload.owner === undefined ? {} : { replicas: workload.owner };
    for (let attempt = 1; ; attempt += 1) {
      let current = await client.get(reference, deadline.signal);
      if (current === undefined) break;
      if (isSameJson(releaseInterim(current, owners), current)) break;
      try {
        if (numberAt(current, 'spec', 'replicas') !== workload.replicas) {
          current = await scaleFor(workload, workload.replicas, surroundings);
        }
        const options = { fieldManager: interimManager, strict: false };
        restored.push(
          (await client.replace(releaseInterim(current, owners), options, deadline.signal)).object,
        );
        break;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409 || attempt === attempts) throw error;
      }
    }
  }
  await waitForRollouts(restored, surroundings);
}

/** Sets a Deployment's number of pods for good: whoever owned the number still does. */
export async function setScale(
  workload: StableWorkload,
  replicas: number,
  annotations: Readonly<Record<string, string>>,
  surroundings: DeploySurroundings,
): Promise<void> {
  const { client, deadline } = surroundings;
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', ...pick(workload) };
  const live = await client.get(reference, deadline.signal);
  if (live === undefined) return;
  const change = { metadata: { annotations }, spec: { replicas } };
  const options = { type: 'merge' as const, fieldManager: interimManager };
  const isMarked = Object.entries(annotations).every(
    ([name, value]) => live.metadata.annotations?.[name] === value,
  );
  const isDone = numberAt(live, 'spec', 'replicas') === replicas && isMarked;
  const scaled = isDone ? live : (await client.patch(reference, change, options, deadline.signal)).object;
  await release(workload, scaled, surroundings);
}

/** The number of pods and the annotations as they were before `setScale`. @returns undefined when nothing was to be done */
export async function releaseScale(
  workload: StableWorkload,
  annotations: readonly string[],
  surroundings: DeploySurroundings,
): Promise<KubernetesObject | undefined> {
  const { client, deadline } = surroundings;
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', ...pick(workload) };
  const live = await client.get(reference, deadline.signal);
  if (live === undefined) return undefined;
  const marked = annotations.filter((name) => live.metadata.annotations?.[name] !== undefined);
  const isScaled = numberAt(live, 'spec', 'replicas') !== workload.replicas;
  if (!isScaled && marked.length === 0) return release(workload, live, surroundings);
  const change = {
    metadata: { annotations: Object.fromEntries(marked.map((name) => [name, null])) },
    ...(isScaled ? { spec: { replicas: workload.replicas } } : {}),
  };
  const options = { type: 'merge' as const, fieldManager: interimManager };
  const patched = (await client.patch(reference, change, options, deadline.signal)).object;
  return (await release(workload, patched, surroundings)) ?? patched;
}

async function release(
  workload: StableWorkload,
  live: KubernetesObject,
  { client, deadline }: DeploySurroundings,
): Promise<KubernetesObject | undefined> {
  const owners = workload.owner === undefined ? {} : { replicas: workload.owner };
  let current = live;
  for (let attempt = 1; ; attempt += 1) {
    const released = releaseInterim(current, owners);
    if (released === current) return undefined;
    try {
      const options = { fieldManager: interimManager, strict: false };
      return (await client.replace(released, options, deadline.signal)).object;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || attempt === attempts) throw error;
      const reference = { apiVersion: 'apps/v1', kind: 'Deployment', ...pick(workload) };
      current = (await client.get(reference, deadline.signal)) ?? current;
    }
  }
}

function pick({ namespace, name }: Pick<StableWorkload, 'namespace' | 'name'>): {
  namespace: string;
  name: string;
} {
  return { namespace, name };
}
