import { fieldAt, objectsAt, textAt, type KubernetesObject } from '../kubernetes-object.ts';

/** What the EndpointSlices of one Service say about a switch. */
export type EndpointsState =
  | { readonly state: 'switched'; readonly ready: number }
  | { readonly state: 'waiting'; readonly why: string };

/**
 * Whether a Service sends to the wanted pods and to nothing else (discovery.k8s.io/v1, EndpointConditions): every endpoint
 * that takes traffic is one of them, and every one of them that is ready is an endpoint. Endpoints that are terminating
 * take no new connections while others are ready, so they may linger.
 * @param slices of one Service, all of them
 * @param wanted the pods that it is to send to
 */
export function assessEndpoints(
  slices: readonly KubernetesObject[],
  wanted: readonly KubernetesObject[],
): EndpointsState {
  const wantedUids = new Set(wanted.map((pod) => pod.metadata.uid));
  const families = new Map<string, Set<string>>();
  for (const slice of slices) {
    const family = textAt(slice, 'addressType') ?? '';
    const seen = families.get(family) ?? new Set<string>();
    families.set(family, seen);
    for (const endpoint of objectsAt(slice, 'endpoints')) {
      // An absent "ready" is to be taken as true.
      if (fieldAt(endpoint, 'conditions', 'ready') === false) continue;
      const uid = textAt(endpoint, 'targetRef', 'uid');
      const name = textAt(endpoint, 'targetRef', 'name') ?? 'an address without a pod';
      if (uid === undefined || !wantedUids.has(uid))
        return { state: 'waiting', why: `${name} still gets traffic` };
      seen.add(uid);
    }
  }
  const ready = wanted.filter(isReady);
  if (ready.length === 0) return { state: 'waiting', why: 'no pod is ready' };
  // A dual-stack Service may have an empty slice for a family that its pods do not have.
  const served = [...families.values()].filter((seen) => seen.size > 0);
  if (served.length === 0) return { state: 'waiting', why: 'no pod gets traffic yet' };
  for (const seen of served) {
    const missing = ready.find((pod) => !seen.has(pod.metadata.uid ?? ''));
    if (missing !== undefined)
      return { state: 'waiting', why: `${missing.metadata.name ?? ''} gets no traffic yet` };
  }
  return { state: 'switched', ready: ready.length };
}

function isReady(pod: KubernetesObject): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    objectsAt(pod, 'status', 'conditions').some(
      (condition) => condition['type'] === 'Ready' && condition['status'] === 'True',
    )
  );
}
