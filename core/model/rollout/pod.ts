import { isObject, type JsonObject } from '../json.ts';
import { fieldAt, numberAt, objectsAt, textAt, type KubernetesObject } from '../kubernetes-object.ts';
import { conditionOf, explain } from './condition.ts';
import { failed, progressing, succeeded, type RolloutState } from './state.ts';

/** What is wrong with one container of a pod; `doomed` when no waiting heals it. */
export interface ContainerTrouble {
  readonly container: string;
  readonly reason: string;
  readonly message: string;
  readonly doomed: boolean;
}

/** A pod on its own: nobody replaces it, so its end is the end. */
export function assessPod(pod: KubernetesObject): RolloutState {
  const phase = textAt(pod, 'status', 'phase');
  if (phase === 'Succeeded') return succeeded('it ran to its end');
  if (phase === 'Failed') {
    const reason = textAt(pod, 'status', 'reason') ?? 'Failed';
    return failed(reason, podMessage(pod));
  }
  if (pod.metadata.deletionTimestamp !== undefined) return failed('Terminating', 'it is being deleted');
  const doom = doomOf(pod);
  if (doom !== undefined) return failed(doom.reason, describeTrouble(doom));
  if (conditionOf(pod, 'Ready')?.status === 'True') return succeeded('ready');
  return progressing(podMessage(pod));
}

/** The trouble that makes this pod hopeless, if any. */
export function doomOf(pod: KubernetesObject): ContainerTrouble | undefined {
  return troublesOf(pod).find((trouble) => trouble.doomed);
}

/**
 * A workload's pods are hopeless together or not at all: a single healthy one shows that the version can run
 * (krane, replica_set.rb). Pods that are going away do not count.
 */
export function commonDoom(
  pods: readonly KubernetesObject[],
): { pod: KubernetesObject; trouble: ContainerTrouble } | undefined {
  const current = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && textAt(pod, 'status', 'phase') !== 'Failed',
  );
  let first: { pod: KubernetesObject; trouble: ContainerTrouble } | undefined;
  for (const pod of current) {
    const trouble = doomOf(pod);
    if (trouble === undefined) return undefined;
    first ??= { pod, trouble };
  }
  return first;
}

/** All containers of a pod that wait or have ended for a reason worth telling, init containers first. */
export function troublesOf(pod: KubernetesObject): readonly ContainerTrouble[] {
  return [
    ...objectsAt(pod, 'status', 'initContainerStatuses'),
    ...objectsAt(pod, 'status', 'containerStatuses'),
  ].flatMap((status) => troubleOf(status) ?? []);
}

function troubleOf(status: JsonObject): ContainerTrouble | undefined {
  const container = textAt(status, 'name') ?? '';
  const waiting = fieldAt(status, 'state', 'waiting');
  if (isObject(waiting)) {
    const reason = textAt(waiting, 'reason') ?? '';
    const message = textAt(waiting, 'message') ?? '';
    if (reason === '' || reason === 'ContainerCreating' || reason === 'PodInitializing') return undefined;
    if (reason === 'CrashLoopBackOff') {
      const last = describeEnd(fieldAt(status, 'lastState', 'terminated'));
      return { container, reason, message: last ?? message, doomed: true };
    }
    return { container, reason, message, doomed: isDoomedWait(reason, message) };
  }
  const ended = fieldAt(status, 'state', 'terminated');
  if (!isObject(ended) || numberAt(ended, 'exitCode') === 0) return undefined;
  const reason = textAt(ended, 'reason') ?? 'Error';
  // The runtime could not start it at all. 128 is also what a race of the runtime gives, and that heals (krane, pod.rb).
  const doomed = reason === 'ContainerCannotRun' && numberAt(ended, 'exitCode') !== 128;
  return { container, reason, message: describeEnd(ended) ?? '', doomed };
}

// krane's classes (pod.rb, "doom_reason"): a missing image stays missing, above all by digest; a bare ImagePullBackOff or an
// unreachable registry may pass.
function isDoomedWait(reason: string, message: string): boolean {
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
      return /\bnot found\b|NotFound|manifest unknown|repository does not exist/i.test(message);
    case 'InvalidImageName':
    case 'ErrImageNeverPull':
      return true;
    case 'CreateContainerConfigError':
      return !/failed to sync \w+ cache/.test(message);
    default:
      return false;
  }
}

function describeEnd(ended: unknown): string | undefined {
  if (!isObject(ended)) return undefined;
  const code = numberAt(ended, 'exitCode') ?? 0;
  const reason = textAt(ended, 'reason') ?? '';
  const signal = numberAt(ended, 'signal');
  const said = (textAt(ended, 'message') ?? '').trim();
  const how = signal === undefined || signal === 0 ? `exit code ${code}` : `signal ${signal}`;
  return `${reason === '' || reason === 'Error' ? '' : `${reason}, `}${how}${said === '' ? '' : `: ${said}`}`;
}

export function describeTrouble(trouble: ContainerTrouble): string {
  const message = trouble.message === '' ? '' : ` (${trouble.message})`;
  return `container ${trouble.container}: ${trouble.reason}${message}`;
}

/** One line on where a pod that is not ready stands. */
export function podMessage(pod: KubernetesObject): string {
  const trouble = troublesOf(pod)[0];
  if (trouble !== undefined) return describeTrouble(trouble);
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return explain(scheduled);
  const said = textAt(pod, 'status', 'message') ?? textAt(pod, 'status', 'reason');
  if (said !== undefined) return said;
  const notReady = objectsAt(pod, 'status', 'containerStatuses')
    .filter((status) => status['ready'] !== true)
    .map((status) => textAt(status, 'name') ?? '');
  if (notReady.length > 0 && textAt(pod, 'status', 'phase') === 'Running') {
    return `running, not ready: ${notReady.join(', ')}`;
  }
  return (textAt(pod, 'status', 'phase') ?? 'Pending').toLowerCase();
}

/** Whether this pod was made by the object with this uid. */
export function isOwnedBy(object: KubernetesObject, uid: string | undefined): boolean {
  return (
    uid !== undefined &&
    (object.metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === uid)
  );
}
