import { fieldAt, objectsAt, textAt, type KubernetesObject } from '../kubernetes-object.ts';
import { conditionOf, explain, unobserved } from './condition.ts';
import { failed, progressing, succeeded, type RolloutState } from './state.ts';

export function assessService(object: KubernetesObject): RolloutState {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer') return succeeded('in place');
  const entry = objectsAt(object, 'status', 'loadBalancer', 'ingress')[0];
  const address = textAt(entry, 'ip') ?? textAt(entry, 'hostname');
  return address === undefined
    ? progressing('waiting for the load balancer to get an address')
    : succeeded(`load balancer at ${address}`);
}

/** Controllers need not publish an address, so an Ingress that the server took is in place. */
export function assessIngress(object: KubernetesObject): RolloutState {
  const entry = objectsAt(object, 'status', 'loadBalancer', 'ingress')[0];
  const address = textAt(entry, 'ip') ?? textAt(entry, 'hostname');
  return succeeded(address === undefined ? 'in place' : `at ${address}`);
}

export function assessClaim(object: KubernetesObject): RolloutState {
  const phase = textAt(object, 'status', 'phase') ?? 'Pending';
  if (phase === 'Bound') return succeeded('bound');
  if (phase === 'Lost') return failed('Lost', 'its volume does not exist any more');
  return progressing(`${phase.toLowerCase()}: waiting for a volume, or for the first pod that uses it`);
}

/** kstatus knows no autoscaler; its own conditions say whether it can work (autoscaling/v2). */
export function assessAutoscaler(object: KubernetesObject): RolloutState {
  const able = conditionOf(object, 'AbleToScale');
  if (able?.status === 'False') return progressing(explain(able));
  const active = conditionOf(object, 'ScalingActive');
  if (active?.status === 'False' && active.reason !== 'ScalingDisabled') {
    // Metrics of new pods need a minute or are not installed at all; the workload serves meanwhile.
    return succeeded(`in place, not scaling yet: ${explain(active)}`);
  }
  return succeeded('in place');
}

export function assessDefinition(object: KubernetesObject): RolloutState {
  const names = conditionOf(object, 'NamesAccepted');
  if (names?.status === 'False') return failed(names.reason, names.message);
  return conditionOf(object, 'Established')?.status === 'True'
    ? succeeded('established')
    : progressing('not established yet');
}

export function assessNamespace(object: KubernetesObject): RolloutState {
  return textAt(object, 'status', 'phase') === 'Terminating'
    ? failed('Terminating', 'the namespace is being deleted')
    : succeeded('active');
}

export function assessApiService(object: KubernetesObject): RolloutState {
  const available = conditionOf(object, 'Available');
  if (available?.status === 'True') return succeeded('available');
  return progressing(available === undefined ? 'not available yet' : explain(available));
}

/** Argo Rollouts: `status.phase` (rollouts.argoproj.io/v1alpha1, RolloutPhase). */
export function assessArgoRollout(object: KubernetesObject): RolloutState {
  const waiting = unobserved(object);
  if (waiting !== undefined) return waiting;
  const message = textAt(object, 'status', 'message') ?? '';
  if (fieldAt(object, 'status', 'abort') === true)
    return failed('Aborted', message === '' ? 'the rollout was aborted' : message);
  switch (textAt(object, 'status', 'phase')) {
    case 'Healthy':
      return succeeded('healthy');
    case 'Degraded':
      return failed('Degraded', message === '' ? 'Argo Rollouts calls it degraded' : message);
    case 'Paused':
      return progressing(`paused at one of its own steps${message === '' ? '' : `: ${message}`}`);
    default:
      return progressing(message === '' ? 'progressing' : message);
  }
}

/** Flagger: `status.phase` of a Canary (flagger.app/v1beta1, CanaryPhase). */
export function assessFlaggerCanary(object: KubernetesObject): RolloutState {
  const phase = textAt(object, 'status', 'phase') ?? 'Initializing';
  const promoted = conditionOf(object, 'Promoted');
  const message = promoted === undefined || promoted.message === '' ? phase.toLowerCase() : promoted.message;
  switch (phase) {
    case 'Initialized':
    case 'Succeeded':
      return succeeded(message);
    case 'Failed':
      return failed('Failed', message);
    default:
      return progressing(message);
  }
}

/**
 * Any other object by its conditions, as kstatus reads them (kubernetes-sigs/cli-utils, pkg/kstatus/README.md, "The
 * Ready condition" and "Reconciling and Stalled"): an object that says nothing is in place once the server has it.
 */
export function assessByConditions(object: KubernetesObject): RolloutState {
  if (fieldAt(object, 'status', 'observedGeneration') !== undefined) {
    const waiting = unobserved(object);
    if (waiting !== undefined) return waiting;
  }
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True')
    return failed(stalled.reason === '' ? 'Stalled' : stalled.reason, stalled.message);
  const reconciling = conditionOf(object, 'Reconciling');
  if (reconciling?.status === 'True') return progressing(explain(reconciling));
  const ready = conditionOf(object, 'Ready');
  if (ready === undefined || ready.status === 'True')
    return succeeded(ready === undefined ? 'in place' : 'ready');
  const said = explain(ready);
  return progressing(said === '' ? 'not ready' : said);
}
