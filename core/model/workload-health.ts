import type { Finding } from './check.ts';
import { isDigest, type Digest } from './digest.ts';
import { fieldAt, numberAt, objectsAt, textAt } from './kubernetes-object.ts';

/** A pod at one moment, as far as its health goes. */
export interface PodHealth {
  readonly uid: string;
  readonly name: string;
  readonly ready: boolean;
  /** On its way out: what happens to it now is not a fault. */
  readonly leaving: boolean;
  readonly restarts: number;
  /** Containers whose last end was for memory, with the restart count at which it was seen. */
  readonly outOfMemory: number;
  readonly images: readonly { readonly container: string; readonly digest: Digest | undefined }[];
}

export interface SoakLimits {
  readonly restarts: number;
  readonly oomKills: number;
  readonly readinessFlaps: number;
  /** Undefined tolerates any number. */
  readonly warnings: number | undefined;
}

export interface Soak {
  /** Every pod of the workloads at each look, the first at the beginning. */
  readonly looks: readonly (readonly PodHealth[])[];
  /** Warning events about them since the beginning, one line each. */
  readonly warnings: readonly string[];
  /** What the release says may run; empty checks no digests. */
  readonly digests: readonly Digest[];
}

export function podHealth(pod: unknown): PodHealth {
  const statuses = objectsAt(pod, 'status', 'containerStatuses');
  const conditions = objectsAt(pod, 'status', 'conditions');
  return {
    uid: textAt(pod, 'metadata', 'uid') ?? textAt(pod, 'metadata', 'name') ?? '',
    name: textAt(pod, 'metadata', 'name') ?? '',
    ready: conditions.some((condition) => condition['type'] === 'Ready' && condition['status'] === 'True'),
    leaving: textAt(pod, 'metadata', 'deletionTimestamp') !== undefined,
    restarts: statuses.reduce((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0),
    outOfMemory: statuses.filter((status) =>
      [fieldAt(status, 'state'), fieldAt(status, 'lastState')].some(
        (state) => textAt(state, 'terminated', 'reason') === 'OOMKilled',
      ),
    ).length,
    images: statuses.map((status) => ({
      container: textAt(status, 'name') ?? '',
      digest: specDigest(pod, status) ?? digestIn(textAt(status, 'imageID')),
    })),
  };
}

/**
 * Whether the workloads stayed well over the soak. Restarts are counted from what there was at its beginning; a pod that
 * came meanwhile counts from zero.
 */
export function assessSoak({ looks, warnings, digests }: Soak, limits: SoakLimits): Finding {
  const [first] = looks;
  const last = looks.at(-1)?.filter((pod) => !pod.leaving) ?? [];
  if (first === undefined || last.length === 0) return { outcome: 'failed', reason: 'no pod runs' };

  const restarts = count(looks, (before, after) => after.restarts - (before?.restarts ?? 0));
  const oomKills = count(looks, (before, after) =>
    after.restarts > (before?.restarts ?? 0) || after.outOfMemory > (before?.outOfMemory ?? 0)
      ? after.outOfMemory
      : 0,
  );
  const flaps = count(looks, (before, after) =>
    before !== undefined && before.ready && !after.ready && !after.leaving ? 1 : 0,
  );
  const values = [
    { name: 'restarts', value: restarts, unit: 'count' as const, limit: limits.restarts },
    { name: 'OOM kills', value: oomKills, unit: 'count' as const, limit: limits.oomKills },
    { name: 'flaps', value: flaps, unit: 'count' as const, limit: limits.readinessFlaps },
    {
      name: 'warnings',
      value: warnings.length,
      unit: 'count' as const,
      ...(limits.warnings === undefined ? {} : { limit: limits.warnings }),
    },
  ];
  const unready = last.filter((pod) => !pod.ready);
  const foreign = digests.length === 0 ? [] : last.filter((pod) => !runsOnly(pod, digests));
  const broken = [
    ...(foreign.length > 0 ? [`${names(foreign)} runs an image that is not of this release`] : []),
    ...(oomKills > limits.oomKills ? [`${oomKills} OOM kills, tolerated are ${limits.oomKills}`] : []),
    ...(restarts > limits.restarts ? [`${restarts} restarts, tolerated are ${limits.restarts}`] : []),
    ...(flaps > limits.readinessFlaps
      ? [`${flaps} readiness flaps, tolerated are ${limits.readinessFlaps}`]
      : []),
    ...(limits.warnings !== undefined && warnings.length > limits.warnings
      ? [`${warnings.length} warnings, tolerated are ${limits.warnings}: ${warnings[0] ?? ''}`]
      : []),
    ...(unready.length > 0 ? [`${names(unready)} is not ready at the end`] : []),
  ];
  if (broken.length > 0) return { outcome: 'failed', reason: broken.join('; '), values };
  const pods = `${last.length} ${last.length === 1 ? 'pod' : 'pods'}`;
  return {
    outcome: 'passed',
    reason: `${pods} ready, ${restarts} restarts, ${oomKills} OOM kills, ${flaps} flaps, ${warnings.length} warnings`,
    values,
  };
}

/** Adds up what happened to each pod from one look to the next. */
function count(
  looks: Soak['looks'],
  happened: (before: PodHealth | undefined, after: PodHealth) => number,
): number {
  let sum = 0;
  for (const [index, look] of looks.entries()) {
    const previous = looks[index - 1];
    if (previous === undefined) continue;
    for (const pod of look) {
      sum += Math.max(
        0,
        happened(
          previous.find((candidate) => candidate.uid === pod.uid),
          pod,
        ),
      );
    }
  }
  return sum;
}

/** Sidecars that a mesh injects are not of the release: one container of it suffices, whatever else runs beside. */
function runsOnly(pod: PodHealth, digests: readonly Digest[]): boolean {
  return pod.images.some(({ digest }) => digest !== undefined && digests.includes(digest));
}

function names(pods: readonly PodHealth[]): string {
  const [one, ...others] = pods.map((pod) => pod.name);
  return others.length === 0 ? (one ?? '') : `${one ?? ''} (and ${others.length} more)`;
}

/**
 * The digest that the specification asks for. The runtime's own word may be the platform's manifest, the release's the
 * index above it: then the reference that was pulled is what can be compared.
 */
function specDigest(pod: unknown, status: unknown): Digest | undefined {
  const container = objectsAt(pod, 'spec', 'containers').find(
    (candidate) => candidate['name'] === fieldAt(status, 'name'),
  );
  return digestIn(textAt(container, 'image'));
}

function digestIn(reference: string | undefined): Digest | undefined {
  const digest = reference?.split('@')[1];
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}
