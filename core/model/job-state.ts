import { numberAt, objectsAt, textAt } from './kubernetes-object.ts';

/** What a Kubernetes Job of one pod is doing. `stuck` is what does not mend itself: it never ran, so it said nothing. */
export type JobState =
  | { readonly state: 'waiting'; readonly reason: string }
  | { readonly state: 'running'; readonly pod: string }
  | { readonly state: 'stuck'; readonly reason: string }
  | { readonly state: 'succeeded'; readonly pod?: string }
  | { readonly state: 'failed'; readonly reason: string; readonly pod?: string };

/**
 * Container states that no waiting mends (kubelet, pkg/kubelet/images/types.go and container/sync_result.go).
 * ErrImagePull is a first refusal, which may pass; ImagePullBackOff is the kubelet giving it up for a while.
 */
const stuckReasons = [
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
];

/** Judges a snapshot: the Job as the API server has it, and its pods. */
export function assessJob(job: unknown, pods: readonly unknown[]): JobState {
  const pod = newest(pods);
  const name = textAt(pod, 'metadata', 'name');
  const named = name === undefined ? {} : { pod: name };
  for (const condition of objectsAt(job, 'status', 'conditions')) {
    if (condition['status'] !== 'True') continue;
    if (condition['type'] === 'Complete') return { state: 'succeeded', ...named };
    if (condition['type'] === 'Failed') {
      const reason = endOf(pod) ?? textAt(condition, 'message') ?? textAt(condition, 'reason') ?? 'it failed';
      return textAt(condition, 'reason') === 'DeadlineExceeded'
        ? { state: 'failed', reason: 'it ran longer than allowed and was stopped', ...named }
        : { state: 'failed', reason, ...named };
    }
  }
  if (pod === undefined) return { state: 'waiting', reason: 'no pod yet' };
  for (const container of containersOf(pod)) {
    const reason = textAt(container, 'state', 'waiting', 'reason') ?? '';
    const message = textAt(container, 'state', 'waiting', 'message');
    if (stuckReasons.includes(reason)) {
      return { state: 'stuck', reason: message === undefined ? reason : `${reason}: ${message}` };
    }
  }
  const started = containersOf(pod).some(
    (container) =>
      textAt(container, 'state', 'running', 'startedAt') !== undefined ||
      numberAt(container, 'state', 'terminated', 'exitCode') !== undefined,
  );
  if (started && name !== undefined) return { state: 'running', pod: name };
  return { state: 'waiting', reason: waitingReason(pod) };
}

function waitingReason(pod: unknown): string {
  const unscheduled = objectsAt(pod, 'status', 'conditions').find(
    (condition) => condition['type'] === 'PodScheduled' && condition['status'] === 'False',
  );
  if (unscheduled !== undefined) {
    return `no node takes it: ${textAt(unscheduled, 'message') ?? textAt(unscheduled, 'reason') ?? 'unschedulable'}`;
  }
  const waiting = containersOf(pod)
    .map((container) => textAt(container, 'state', 'waiting', 'reason'))
    .find((reason) => reason !== undefined);
  return waiting ?? textAt(pod, 'status', 'phase') ?? 'it has not started';
}

/** How the container ended, in the words of its exit: "exit code 1", "OOMKilled (exit code 137)". */
function endOf(pod: unknown): string | undefined {
  for (const container of containersOf(pod)) {
    const code = numberAt(container, 'state', 'terminated', 'exitCode');
    if (code === undefined || code === 0) continue;
    const reason = textAt(container, 'state', 'terminated', 'reason');
    const message = textAt(container, 'state', 'terminated', 'message')?.trim().split('\n').at(-1);
    const what =
      reason === undefined || reason === 'Error' ? `exit code ${code}` : `${reason} (exit code ${code})`;
    return message === undefined || message === '' ? what : `${what}: ${message}`;
  }
  return undefined;
}

function containersOf(pod: unknown): readonly unknown[] {
  return [
    ...objectsAt(pod, 'status', 'initContainerStatuses'),
    ...objectsAt(pod, 'status', 'containerStatuses'),
  ];
}

function newest(pods: readonly unknown[]): unknown {
  const created = (pod: unknown): string => textAt(pod, 'metadata', 'creationTimestamp') ?? '';
  return [...pods].sort((one, other) => created(other).localeCompare(created(one)))[0];
}
