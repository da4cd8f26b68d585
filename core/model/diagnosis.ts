import { isObject } from './json.ts';
import {
  fieldAt,
  formatObject,
  numberAt,
  objectsAt,
  textAt,
  type KubernetesObject,
} from './kubernetes-object.ts';
import { conditionOf, explain } from './rollout/condition.ts';
import { describeTrouble, podMessage, troublesOf } from './rollout/pod.ts';
import type { RolloutState } from './rollout/state.ts';

/** The last output of one container. */
export interface ContainerLog {
  readonly pod: string;
  readonly container: string;
  readonly previous: boolean;
  readonly text: string;
}

/** What is known about an object that did not come to a good end. */
export interface Evidence {
  readonly object: KubernetesObject;
  readonly state: RolloutState;
  readonly pods: readonly KubernetesObject[];
  /** `Event` objects about the object, its replica sets and its pods. */
  readonly events: readonly KubernetesObject[];
  readonly logs: readonly ContainerLog[];
}

/** Why, in one line for the error, and at length for the log. */
export interface Diagnosis {
  /** `Deployment shop/web: CrashLoopBackOff: container app: exit code 1` */
  readonly summary: string;
  readonly lines: readonly string[];
  readonly remedy: string | undefined;
}

const shownEvents = 6;
const shownPods = 3;

/** Orders what is known by how likely it is the cause: the containers, then scheduling, then quota, then events. */
export function diagnose(evidence: Evidence): Diagnosis {
  const { object, state } = evidence;
  const causes = causesOf(evidence);
  const [cause] = causes;
  const said = state.state === 'failed' ? `${state.reason}: ${state.message}` : state.message;
  const lines = [
    `${formatObject(object)}: ${state.state === 'failed' ? 'FAILED' : 'NOT READY IN TIME'}: ${said}`,
    ...causes.map((each) => `  cause: ${each.text}`),
    ...podLines(evidence.pods),
    ...logLines(evidence.logs),
    ...eventLines(evidence.events),
    ...(cause?.remedy === undefined ? [] : [`  what to try: ${cause.remedy}`]),
  ];
  const because = cause === undefined || said.includes(cause.text) ? said : `${said}: ${cause.text}`;
  return { summary: `${formatObject(object)}: ${because}`, lines, remedy: cause?.remedy };
}

interface Cause {
  readonly text: string;
  readonly remedy: string | undefined;
}

function causesOf({ object, pods, events }: Evidence): readonly Cause[] {
  const causes: Cause[] = [];
  const add = (text: string, remedy?: string): void => {
    if (text !== '' && !causes.some((cause) => cause.text === text)) causes.push({ text, remedy });
  };
  for (const pod of pods) {
    for (const trouble of troublesOf(pod))
      add(describeTrouble(trouble), remedyFor(trouble.reason, trouble.message));
  }
  for (const event of events) {
    if (textAt(event, 'reason') === 'Unhealthy') {
      add(
        `probe: ${textAt(event, 'message') ?? ''}`,
        'Compare the probe (path, port, delay) with what the container serves, and read its log.',
      );
    }
  }
  for (const pod of pods) {
    const scheduled = conditionOf(pod, 'PodScheduled');
    if (scheduled?.status === 'False') {
      add(
        explain(scheduled),
        'Ask for less CPU or memory, correct node selectors and tolerations, or give the cluster more nodes.',
      );
    }
    if (textAt(pod, 'status', 'reason') === 'Evicted')
      add(
        `evicted: ${textAt(pod, 'status', 'message') ?? ''}`,
        'The node ran out of what the message names: set requests and limits.',
      );
  }
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True') add(explain(failure), quotaRemedy(failure.message));
  for (const event of events) {
    const reason = textAt(event, 'reason') ?? '';
    const message = textAt(event, 'message') ?? '';
    if (
      [
        'FailedCreate',
        'FailedMount',
        'FailedAttachVolume',
        'FailedScheduling',
        'ProvisioningFailed',
      ].includes(reason)
    ) {
      add(
        `${reason}: ${message}`,
        quotaRemedy(message) ??
          (reason === 'FailedMount'
            ? 'Create the ConfigMap, Secret or volume that the message names.'
            : undefined),
      );
    }
  }
  return causes;
}

function quotaRemedy(message: string): string | undefined {
  if (/exceeded quota/.test(message)) return 'Raise the ResourceQuota of the namespace, or ask for less.';
  if (/violates PodSecurity/.test(message))
    return "Change the securityContext to what the namespace's Pod Security level allows.";
  if (/serviceaccount "[^"]*" not found/.test(message))
    return 'Create the ServiceAccount, or correct serviceAccountName.';
  return undefined;
}

function remedyFor(reason: string, message: string): string | undefined {
  switch (reason) {
    case 'CrashLoopBackOff':
    case 'Error':
      return 'Read the last lines of its log: the process ends by itself.';
    case 'OOMKilled':
      return 'Raise the memory limit, or find out why the process needs more.';
    case 'ErrImagePull':
    case 'ImagePullBackOff':
      if (/not found|NotFound|manifest unknown/i.test(message)) {
        return 'The digest is not in that registry: promote the image there first, or correct the repository.';
      }
      if (/401|403|unauthorized|denied|authorize/i.test(message)) {
        return 'The nodes may not pull it: give "imagePullSecrets" and "containerRegistry", or attach the registry to the cluster (AcrPull for the kubelet identity).';
      }
      return 'The nodes cannot reach the registry: check its firewall, private endpoint and name resolution.';
    case 'CreateContainerConfigError':
      return 'Create the ConfigMap, Secret or key that the message names, or correct the reference.';
    case 'InvalidImageName':
      return 'Correct the image reference.';
    default:
      return undefined;
  }
}

function podLines(pods: readonly KubernetesObject[]): readonly string[] {
  const lines = pods.slice(0, shownPods).map((pod) => {
    const restarts = objectsAt(pod, 'status', 'containerStatuses').reduce(
      (sum, status) => sum + (numberAt(status, 'restartCount') ?? 0),
      0,
    );
    const ready = conditionOf(pod, 'Ready')?.status === 'True';
    return `  pod ${pod.metadata.name ?? ''}: ${ready ? 'ready' : podMessage(pod)}${restarts === 0 ? '' : `, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`}`;
  });
  return pods.length > shownPods ? [...lines, `  and ${pods.length - shownPods} more pods`] : lines;
}

function logLines(logs: readonly ContainerLog[]): readonly string[] {
  return logs.flatMap(({ pod, container, previous, text }) => {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    if (lines.length === 0) return [`  log of ${pod}/${container}: empty`];
    return [
      `  log of ${pod}/${container}${previous ? ' (before its last restart)' : ''}:`,
      ...lines.map((line) => `    | ${line}`),
    ];
  });
}

function eventLines(events: readonly KubernetesObject[]): readonly string[] {
  const seen = new Set<string>();
  const lines: string[] = [];
  for (const event of events) {
    if (textAt(event, 'type') === 'Normal') continue;
    const about = fieldAt(event, 'involvedObject');
    const name = isObject(about) ? `${textAt(about, 'kind') ?? ''} ${textAt(about, 'name') ?? ''}` : '';
    const count = numberAt(event, 'count') ?? 1;
    const line = `  event: ${name}: ${textAt(event, 'reason') ?? ''}: ${(textAt(event, 'message') ?? '').trim()}`;
    if (seen.has(line)) continue;
    seen.add(line);
    lines.push(count > 1 ? `${line} (${count} times)` : line);
  }
  return lines.slice(-shownEvents);
}
