/**
 * How simulated pods live: KWOK Stage objects (https://kwok.sigs.k8s.io/docs/user/stages-configuration/). A pod's
 * annotation says what becomes of it, so that failures can be had by writing them into a manifest file.
 */
export const stateAnnotation = 'simulation.aks-delivery/state';
/** Of a running pod: how long until it is Ready, such as 3s. */
export const readyAfterAnnotation = 'simulation.aks-delivery/ready-after';
/** Of a failing one: what its container's status says. */
export const messageAnnotation = 'simulation.aks-delivery/message';

export const simulatedStates = [
  'running',
  'unready',
  'crashing',
  'image-missing',
  'completed',
  'failed',
] as const;
export type SimulatedState = (typeof simulatedStates)[number];

interface Expression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

const state = `.metadata.annotations["${stateAnnotation}"]`;
const alive: Expression = { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' };
const pending: Expression = { key: '.status.phase', operator: 'In', values: ['Pending'] };
const running: Expression = { key: '.status.phase', operator: 'In', values: ['Running'] };
const restarts: Expression = { key: '.spec.restartPolicy', operator: 'NotIn', values: ['Never'] };
const ofJob: Expression = { key: '.metadata.ownerReferences.[].kind', operator: 'In', values: ['Job'] };
const waiting = '.status.containerStatuses.[].state.waiting.reason';

/** @param decided whether somebody annotates every pod: then one without annotation waits, otherwise it runs */
export function podStages(decided: boolean): unknown[] {
  const is = (...values: SimulatedState[]): Expression => ({ key: state, operator: 'In', values });
  const others = simulatedStates.filter((name) => name !== 'running');
  const runs: Expression = decided ? is('running') : { key: state, operator: 'NotIn', values: others };
  const notStarted: Expression = {
    key: '.status.containerStatuses.[].name',
    operator: 'DoesNotExist',
  };
  const slow: Expression = {
    key: `.metadata.annotations["${readyAfterAnnotation}"]`,
    operator: 'Exists',
  };
  return [
    stage('pod-start', 'Pod', [alive, pending, runs, { ...slow, operator: 'DoesNotExist' }], {
      status: podStatus({ phase: 'Running', ready: true, container: containerRunning }),
    }),
    stage('pod-start-slowly', 'Pod', [alive, pending, runs, slow], {
      status: podStatus({ phase: 'Running', ready: false, container: containerRunning }),
    }),
    stage('pod-become-ready', 'Pod', [alive, running, runs, slow, notReady], {
      delayFrom: slow.key,
      status: podStatus({ phase: 'Running', ready: true, container: containerRunning }),
    }),
    stage('pod-start-unready', 'Pod', [alive, pending, is('unready')], {
      status: podStatus({ phase: 'Running', ready: false, container: containerRunning }),
    }),
    stage('pod-crash', 'Pod', [alive, pending, is('crashing')], {
      status: podStatus({ phase: 'Running', ready: false, container: containerCrashed }),
    }),
    stage(
      'pod-crash-back-off',
      'Pod',
      [alive, running, is('crashing'), restarts, notIn(waiting, 'CrashLoopBackOff')],
      {
        delay: 1000,
        status: podStatus({ phase: 'Running', ready: false, container: containerCrashLoop }),
      },
    ),
    stage('pod-pull-error', 'Pod', [alive, pending, notStarted, is('image-missing')], {
      status: podStatus({ phase: 'Pending', ready: false, container: containerPull('ErrImagePull') }),
    }),
    stage(
      'pod-pull-back-off',
      'Pod',
      [alive, pending, is('image-missing'), { key: waiting, operator: 'In', values: ['ErrImagePull'] }],
      {
        delay: 2000,
        status: podStatus({ phase: 'Pending', ready: false, container: containerPull('ImagePullBackOff') }),
      },
    ),
    stage('pod-run-then-end', 'Pod', [alive, pending, is('completed', 'failed')], {
      status: podStatus({ phase: 'Running', ready: true, container: containerRunning }),
    }),
    stage('pod-complete', 'Pod', [alive, running, is('completed')], {
      delay: 200,
      status: podStatus({ phase: 'Succeeded', ready: false, container: containerEnded(0, 'Completed') }),
    }),
    stage('job-complete', 'Pod', [alive, running, ofJob, runs], {
      status: podStatus({ phase: 'Succeeded', ready: false, container: containerEnded(0, 'Completed') }),
    }),
    stage('pod-fail', 'Pod', [alive, running, is('failed')], {
      delay: 200,
      status: podStatus({ phase: 'Failed', ready: false, container: containerEnded(1, 'Error') }),
    }),
    stage('pod-delete', 'Pod', [{ key: '.metadata.deletionTimestamp', operator: 'Exists' }], {
      delete: true,
    }),
  ];
}

const notReady: Expression = {
  key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
  operator: 'NotIn',
  values: ['True'],
};

function notIn(key: string, value: string): Expression {
  return { key, operator: 'NotIn', values: [value] };
}

function stage(
  name: string,
  kind: 'Pod' | 'Node',
  expressions: readonly Expression[],
  next: {
    readonly status?: string;
    readonly delete?: boolean;
    readonly delay?: number;
    readonly delayFrom?: string;
  },
): unknown {
  const delay = {
    ...(next.delay !== undefined && { durationMilliseconds: next.delay }),
    ...(next.delayFrom !== undefined && { durationFrom: { expressionFrom: next.delayFrom } }),
  };
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind },
      selector: { matchExpressions: expressions },
      ...(Object.keys(delay).length > 0 && { delay }),
      next: {
        ...(next.status !== undefined && { statusTemplate: next.status }),
        ...(next.delete === true && { delete: true }),
      },
    },
  };
}

const message = `{{ or ( index ( or .metadata.annotations dict ) "${messageAnnotation}" ) "" | Quote }}`;
const crashed = `exitCode: 1
        reason: Error
        startedAt: {{ $now | Quote }}
        finishedAt: {{ $now | Quote }}`;

const containerRunning = `restartCount: 0
    state:
      running:
        startedAt: {{ $now | Quote }}`;
const containerCrashed = `restartCount: 0
    state:
      terminated:
        ${crashed}`;
const containerCrashLoop = `restartCount: 3
    state:
      waiting:
        reason: CrashLoopBackOff
        message: {{ $message }}
    lastState:
      terminated:
        ${crashed}`;

function containerPull(reason: string): string {
  return `restartCount: 0
    state:
      waiting:
        reason: ${reason}
        message: {{ $message }}`;
}

function containerEnded(exitCode: number, reason: string): string {
  return `restartCount: 0
    state:
      terminated:
        exitCode: ${exitCode}
        reason: ${reason}
        startedAt: {{ $now | Quote }}
        finishedAt: {{ $now | Quote }}`;
}

/** A Go template of a PodStatus, YAML; KWOK gives it the pod. Its address is given once: a second one is refused. */
function podStatus(status: {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly ready: boolean;
  readonly container: string;
}): string {
  const condition = (type: string, value: boolean): string => `- type: ${type}
  status: "${value ? 'True' : 'False'}"
  lastTransitionTime: {{ $now | Quote }}
`;
  return `{{ $now := Now }}
{{ $message := ${message.slice(3, -3)} }}
phase: ${status.phase}
startTime: {{ $now | Quote }}
conditions:
${condition('PodScheduled', true)}${condition('Initialized', true)}${condition('Ready', status.ready)}${condition('ContainersReady', status.ready)}{{ range .spec.readinessGates }}
- type: {{ .conditionType | Quote }}
  status: "${status.ready ? 'True' : 'False'}"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
  - name: {{ .name | Quote }}
    image: {{ .image | Quote }}
    imageID: {{ .image | Quote }}
    ready: ${String(status.ready)}
    started: ${String(status.ready)}
    ${status.container}
{{ end }}
{{ with .spec.initContainers }}
initContainerStatuses:
{{ range . }}
  - name: {{ .name | Quote }}
    image: {{ .image | Quote }}
    imageID: {{ .image | Quote }}
    ready: true
    restartCount: 0
    state:
      terminated: { exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} }
{{ end }}
{{ end }}
{{ with NodeIPWith .spec.nodeName }}
hostIP: {{ . | Quote }}
{{ end }}
{{ if not .status.podIP }}
{{ with PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ . | Quote }}
podIPs:
  - ip: {{ . | Quote }}
{{ end }}
{{ end }}
`;
}

const conditions = `conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $since | Quote }}
{{ end }}`;

/** Nodes become Ready at once; KWOK renews their leases itself. */
export function nodeStages(): unknown[] {
  return [
    stage('node-initialize', 'Node', [notReady], {
      status: `{{ $now := Now }}
{{ $since := or .metadata.creationTimestamp $now }}
${conditions}
addresses:
- { type: InternalIP, address: {{ NodeIP | Quote }} }
- { type: Hostname, address: {{ NodeName | Quote }} }
{{ with NodePort }}
daemonEndpoints: { kubeletEndpoint: { Port: {{ . }} } }
{{ end }}
capacity: { cpu: "32", memory: 256Gi, pods: "1000" }
allocatable: { cpu: "32", memory: 256Gi, pods: "1000" }
nodeInfo:
  architecture: amd64
  operatingSystem: linux
  kubeletVersion: {{ printf "kwok-%s" Version | Quote }}
  kubeProxyVersion: {{ printf "kwok-%s" Version | Quote }}
  containerRuntimeVersion: {{ printf "kwok-%s" Version | Quote }}
  kernelVersion: simulated
  osImage: simulated
  bootID: ""
  machineID: ""
  systemUUID: ""
phase: Running
`,
    }),
  ];
}
