import { groupOf, type KubernetesObject } from '../kubernetes-object.ts';
import {
  assessApiService,
  assessArgoRollout,
  assessAutoscaler,
  assessByConditions,
  assessClaim,
  assessDefinition,
  assessFlaggerCanary,
  assessIngress,
  assessNamespace,
  assessService,
} from './others.ts';
import { assessPod } from './pod.ts';
import { failed, succeeded, type RolloutSnapshot, type RolloutState } from './state.ts';
import {
  assessDaemonSet,
  assessDeployment,
  assessJob,
  assessReplicaSet,
  assessStatefulSet,
} from './workloads.ts';

/** The verdict on one object, from what the cluster shows of it. Every kind has one. */
export function assessRollout(snapshot: RolloutSnapshot): RolloutState {
  const { object } = snapshot;
  if (object.metadata.deletionTimestamp !== undefined && object.kind !== 'Pod') {
    return failed('Terminating', `it is being deleted${waitingFor(object)}`);
  }
  switch (`${object.kind}.${groupOf(object.apiVersion)}`) {
    case 'Deployment.apps':
      return assessDeployment(snapshot);
    case 'StatefulSet.apps':
      return assessStatefulSet(snapshot);
    case 'DaemonSet.apps':
      return assessDaemonSet(snapshot);
    case 'ReplicaSet.apps':
    case 'ReplicationController.':
      return assessReplicaSet(snapshot);
    case 'Job.batch':
      return assessJob(snapshot);
    case 'CronJob.batch':
      return succeeded('in place; its jobs run by its schedule');
    case 'Pod.':
      return assessPod(object);
    case 'PersistentVolumeClaim.':
      return assessClaim(object);
    case 'Service.':
      return assessService(object);
    case 'Ingress.networking.k8s.io':
      return assessIngress(object);
    case 'HorizontalPodAutoscaler.autoscaling':
      return assessAutoscaler(object);
    case 'CustomResourceDefinition.apiextensions.k8s.io':
      return assessDefinition(object);
    case 'APIService.apiregistration.k8s.io':
      return assessApiService(object);
    case 'Namespace.':
      return assessNamespace(object);
    case 'Rollout.argoproj.io':
      return assessArgoRollout(object);
    case 'Canary.flagger.app':
      return assessFlaggerCanary(object);
    default:
      return assessByConditions(object);
  }
}

/** Kinds whose pods tell more than they do themselves. */
export function hasPods(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return [
    'Deployment.apps',
    'StatefulSet.apps',
    'DaemonSet.apps',
    'ReplicaSet.apps',
    'ReplicationController.',
    'Job.batch',
  ].includes(`${object.kind}.${groupOf(object.apiVersion)}`);
}

function waitingFor(object: KubernetesObject): string {
  const { finalizers } = object.metadata;
  return Array.isArray(finalizers) && finalizers.length > 0
    ? ` and waits for ${finalizers.map(String).join(', ')}`
    : '';
}
