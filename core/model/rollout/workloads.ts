import { numberAt, textAt, fieldAt, type KubernetesObject } from '../kubernetes-object.ts';
import { conditionOf, explain, unobserved } from './condition.ts';
import { commonDoom, describeTrouble, isOwnedBy } from './pod.ts';
import { failed, progressing, succeeded, type RolloutSnapshot, type RolloutState } from './state.ts';

const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** As `kubectl rollout status` has it (kubectl, pkg/polymorphichelpers/rollout_status.go), and hopeless pods besides. */
export function assessDeployment(snapshot: RolloutSnapshot): RolloutState {
  const { object } = snapshot;
  const waiting = unobserved(object);
  if (waiting !== undefined) return waiting;
  if (fieldAt(object, 'spec', 'paused') === true) {
    return failed(
      'Paused',
      'it is paused, so its pods are never replaced: take spec.paused out, or resume it',
    );
  }
  const progress = conditionOf(object, 'Progressing');
  if (progress?.status === 'False' && progress.reason === 'ProgressDeadlineExceeded') {
    return failed(progress.reason, progress.message);
  }
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
  const replicas = numberAt(object, 'status', 'replicas') ?? 0;
  const updated = numberAt(object, 'status', 'updatedReplicas') ?? 0;
  const available = numberAt(object, 'status', 'availableReplicas') ?? 0;
  if (updated >= wanted && replicas <= updated && available >= updated) {
    return succeeded(`${available} of ${wanted} pods available`);
  }
  const doom = commonDoom(newestPods(snapshot));
  if (doom !== undefined) return failed(doom.trouble.reason, describeTrouble(doom.trouble));
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True') return progressing(explain(failure));
  if (updated < wanted) return progressing(`${updated} of ${wanted} pods updated`);
  if (available < updated) return progressing(`${available} of ${updated} updated pods available`);
  return progressing(
    `waiting for ${replicas - updated} old ${replicas - updated === 1 ? 'pod' : 'pods'} to stop`,
  );
}

/** The pods of the replica set that the Deployment is moving to. */
export function newestPods({
  object,
  replicaSets = [],
  pods = [],
}: RolloutSnapshot): readonly KubernetesObject[] {
  const newest = newestReplicaSet(object, replicaSets);
  return newest === undefined ? [] : pods.filter((pod) => isOwnedBy(pod, newest.metadata.uid));
}

export function newestReplicaSet(
  deployment: KubernetesObject,
  replicaSets: readonly KubernetesObject[],
): KubernetesObject | undefined {
  const revision = deployment.metadata.annotations?.[revisionAnnotation];
  return replicaSets.find(
    (set) =>
      isOwnedBy(set, deployment.metadata.uid) &&
      revision !== undefined &&
      set.metadata.annotations?.[revisionAnnotation] === revision,
  );
}

/** Partitions and minReadySeconds included; with OnDelete nobody but the operator replaces pods. */
export function assessStatefulSet(snapshot: RolloutSnapshot): RolloutState {
  const { object, pods = [] } = snapshot;
  const waiting = unobserved(object);
  if (waiting !== undefined) return waiting;
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
  const ready = numberAt(object, 'status', 'readyReplicas') ?? 0;
  const available = numberAt(object, 'status', 'availableReplicas') ?? ready;
  const updated = numberAt(object, 'status', 'updatedReplicas') ?? 0;
  const replicas = numberAt(object, 'status', 'replicas') ?? 0;
  const revision = textAt(object, 'status', 'updateRevision');
  const isOnDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  const partition = numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  const toUpdate = isOnDelete ? 0 : Math.max(0, wanted - partition);
  if (updated >= toUpdate && replicas === wanted && available >= wanted) {
    return succeeded(
      isOnDelete && updated < wanted
        ? `${available} of ${wanted} pods available; ${wanted - updated} change when they are deleted (OnDelete)`
        : `${available} of ${wanted} pods available${partition > 0 ? `, ${updated} updated (partition ${partition})` : ''}`,
    );
  }
  const newest = pods.filter(
    (pod) =>
      isOwnedBy(pod, object.metadata.uid) && pod.metadata.labels?.['controller-revision-hash'] === revision,
  );
  const doom = commonDoom(newest);
  if (doom !== undefined) return failed(doom.trouble.reason, describeTrouble(doom.trouble));
  if (updated < toUpdate) return progressing(`${updated} of ${toUpdate} pods updated`);
  return progressing(`${available} of ${wanted} pods available`);
}

const templateGeneration = 'deprecated.daemonset.template.generation';

export function assessDaemonSet(snapshot: RolloutSnapshot): RolloutState {
  const { object, pods = [] } = snapshot;
  const waiting = unobserved(object);
  if (waiting !== undefined) return waiting;
  const wanted = numberAt(object, 'status', 'desiredNumberScheduled') ?? 0;
  const updated = numberAt(object, 'status', 'updatedNumberScheduled') ?? 0;
  const available = numberAt(object, 'status', 'numberAvailable') ?? 0;
  const isOnDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  if ((isOnDelete || updated >= wanted) && available >= wanted) {
    if (wanted === 0) return succeeded('no node matches it');
    return succeeded(
      isOnDelete && updated < wanted
        ? `${available} of ${wanted} pods available; ${wanted - updated} change when they are deleted (OnDelete)`
        : `${available} of ${wanted} pods available`,
    );
  }
  const generation = object.metadata.annotations?.[templateGeneration];
  const newest = pods.filter(
    (pod) =>
      isOwnedBy(pod, object.metadata.uid) &&
      generation !== undefined &&
      pod.metadata.labels?.['pod-template-generation'] === generation,
  );
  const doom = commonDoom(newest);
  if (doom !== undefined) return failed(doom.trouble.reason, describeTrouble(doom.trouble));
  if (!isOnDelete && updated < wanted) return progressing(`${updated} of ${wanted} pods updated`);
  return progressing(`${available} of ${wanted} pods available`);
}

/** A plain ReplicaSet or ReplicationController. */
export function assessReplicaSet(snapshot: RolloutSnapshot): RolloutState {
  const { object, pods = [] } = snapshot;
  const waiting = unobserved(object);
  if (waiting !== undefined) return waiting;
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
  const replicas = numberAt(object, 'status', 'replicas') ?? 0;
  const available = numberAt(object, 'status', 'availableReplicas') ?? 0;
  if (available >= wanted && replicas === wanted)
    return succeeded(`${available} of ${wanted} pods available`);
  const doom = commonDoom(pods.filter((pod) => isOwnedBy(pod, object.metadata.uid)));
  if (doom !== undefined) return failed(doom.trouble.reason, describeTrouble(doom.trouble));
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True') return progressing(explain(failure));
  return progressing(`${available} of ${wanted} pods available`);
}

/** A Job is done when it says so (batch/v1, `JobConditionType`); how often it may fail is its own `backoffLimit`. */
export function assessJob(snapshot: RolloutSnapshot): RolloutState {
  const { object, pods = [] } = snapshot;
  if (conditionOf(object, 'Complete')?.status === 'True') return succeeded('complete');
  const failure = conditionOf(object, 'Failed') ?? conditionOf(object, 'FailureTarget');
  if (failure?.status === 'True')
    return failed(failure.reason === '' ? 'Failed' : failure.reason, failure.message);
  if (fieldAt(object, 'spec', 'suspend') === true) return succeeded('suspended, as its manifest wants it');
  const own = pods.filter((pod) => isOwnedBy(pod, object.metadata.uid));
  const doom = commonDoom(own);
  // Crashes count against the backoffLimit; what keeps a pod from starting never does and would last for ever.
  if (doom !== undefined && doom.trouble.reason !== 'CrashLoopBackOff') {
    return failed(doom.trouble.reason, describeTrouble(doom.trouble));
  }
  const done = numberAt(object, 'status', 'succeeded') ?? 0;
  const bad = numberAt(object, 'status', 'failed') ?? 0;
  const active = numberAt(object, 'status', 'active') ?? 0;
  return progressing(`${active} running, ${done} succeeded, ${bad} failed`);
}
