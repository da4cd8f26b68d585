import { isObject, type JsonObject } from './json.ts';
import type { KubernetesObject } from './kubernetes-object.ts';

// Where the kinds that make pods keep the pod's spec. Argo Rollouts and KEDA's ScaledJob are in it because their pods are
// deployed like any other's.
const specPaths: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  PodTemplate: ['template', 'spec'],
  Deployment: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  Rollout: ['spec', 'template', 'spec'],
  ScaledJob: ['spec', 'jobTargetRef', 'template', 'spec'],
};

/** The path to the pod spec of a kind that makes pods; undefined for all others. */
export function podSpecPath(kind: string): readonly string[] | undefined {
  return Object.hasOwn(specPaths, kind) ? specPaths[kind] : undefined;
}

/** The path to the template (metadata and spec of the pods); undefined for kinds without one, Pod included. */
export function podTemplatePath(kind: string): readonly string[] | undefined {
  const path = podSpecPath(kind);
  return path === undefined || path.length < 2 ? undefined : path.slice(0, -1);
}

/** A copy in which the object at `path` is what `change` makes of it; the very same object where there is none. */
export function changeAt(
  object: KubernetesObject,
  path: readonly string[],
  change: (found: JsonObject) => JsonObject,
): KubernetesObject {
  return changed(object, path, change) as KubernetesObject;
}

function changed(
  value: JsonObject,
  path: readonly string[],
  change: (found: JsonObject) => JsonObject,
): JsonObject {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  const child = value[step];
  if (!isObject(child)) return value;
  const next = changed(child, rest, change);
  return next === child ? value : { ...value, [step]: next };
}
