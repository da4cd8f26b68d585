import { DeliveryError } from './errors.ts';
import { groupOf, type KubernetesObject } from './kubernetes-object.ts';
import type { ManifestObject } from './manifest-object.ts';

/** The author's own order: objects of a lower number are applied, and waited for, before those of a higher one. */
export const waveAnnotation = 'aks-delivery/wave';

// What others build on comes first: the order of Helm's install and of Flux's and Argo CD's waves, in fewer steps.
const order: readonly (readonly string[])[] = [
  ['Namespace.'],
  ['CustomResourceDefinition.apiextensions.k8s.io'],
  [
    'PriorityClass.scheduling.k8s.io',
    'StorageClass.storage.k8s.io',
    'IngressClass.networking.k8s.io',
    'RuntimeClass.node.k8s.io',
    'ResourceQuota.',
    'LimitRange.',
    'NetworkPolicy.networking.k8s.io',
    'ServiceAccount.',
  ],
  [
    'ClusterRole.rbac.authorization.k8s.io',
    'Role.rbac.authorization.k8s.io',
    'ClusterRoleBinding.rbac.authorization.k8s.io',
    'RoleBinding.rbac.authorization.k8s.io',
  ],
  ['ConfigMap.', 'Secret.', 'PersistentVolume.', 'PersistentVolumeClaim.'],
  ['Service.', 'Endpoints.', 'EndpointSlice.discovery.k8s.io', 'PodDisruptionBudget.policy'],
];
const workloads = new Set([
  'Pod.',
  'ReplicationController.',
  'Deployment.apps',
  'ReplicaSet.apps',
  'StatefulSet.apps',
  'DaemonSet.apps',
  'Job.batch',
  'CronJob.batch',
  'Rollout.argoproj.io',
  'Canary.flagger.app',
  'ScaledJob.keda.sh',
]);
// These take effect on what is there already, or would stand in its way if they came first.
const last = new Set([
  'HorizontalPodAutoscaler.autoscaling',
  'ScaledObject.keda.sh',
  'Ingress.networking.k8s.io',
  'HTTPRoute.gateway.networking.k8s.io',
  'APIService.apiregistration.k8s.io',
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io',
  'MutatingWebhookConfiguration.admissionregistration.k8s.io',
  'ValidatingAdmissionPolicy.admissionregistration.k8s.io',
  'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io',
]);

/** Where a kind comes in the order; custom resources stand between configuration and workloads. */
export function rankOf(object: KubernetesObject): number {
  const key = `${object.kind}.${groupOf(object.apiVersion)}`;
  const listed = order.findIndex((kinds) => kinds.includes(key));
  if (listed >= 0) return listed;
  if (workloads.has(key)) return order.length + 1;
  return last.has(key) ? order.length + 2 : order.length;
}

/** Zero unless the object says otherwise. @throws DeliveryError `ManifestInvalid` for what is no whole number */
export function waveOf(manifest: ManifestObject): number {
  const text = manifest.object.metadata.annotations?.[waveAnnotation];
  if (text === undefined) return 0;
  if (/^[+-]?\d{1,6}$/.test(text.trim())) return Number(text);
  throw new DeliveryError(
    'ManifestInvalid',
    `${manifest.origin}: the annotation ${waveAnnotation} must be a whole number, not "${text}"`,
    {
      hint: 'Write it as "-1", "0", "1"...: lower numbers are applied and waited for first.',
    },
  );
}

/** Objects that may be applied side by side, in the order of the steps; `wave` changes where the author's own does. */
export interface Step<Item> {
  readonly wave: number;
  readonly items: readonly Item[];
}

export function stepsOf<Item>(
  items: readonly Item[],
  manifestOf: (item: Item) => ManifestObject,
): readonly Step<Item>[] {
  const steps = new Map<string, { wave: number; rank: number; items: Item[] }>();
  for (const item of items) {
    const manifest = manifestOf(item);
    const [wave, rank] = [waveOf(manifest), rankOf(manifest.object)];
    const key = `${wave}/${rank}`;
    const step = steps.get(key) ?? { wave, rank, items: [] };
    step.items.push(item);
    steps.set(key, step);
  }
  return [...steps.values()].sort((one, other) => one.wave - other.wave || one.rank - other.rank);
}
