import { groupOf, numberAt, textAt, type KubernetesObject } from '../kubernetes-object.ts';
import type { ManifestObject } from '../manifest-object.ts';
import { isObject } from '../json.ts';
import { waveOf } from '../waves.ts';
import { retargeted } from './autoscaling.ts';
import { deploymentsOf, switchedServices } from './colors.ts';
import { isConfiguration, readVersioned, versionConfiguration } from './configuration.ts';
import {
  activeService,
  coloredDeployment,
  coloredName,
  previewService,
  type Color,
} from './derived-objects.ts';

/** The manifests as they are applied for one colour. */
export interface Coloring {
  /** Everything, to be planned as one change set. */
  readonly manifests: readonly ManifestObject[];
  readonly previews: readonly KubernetesObject[];
  /** The Services that are switched, as they will be. */
  readonly services: readonly KubernetesObject[];
  readonly deployments: readonly KubernetesObject[];
}

/**
 * Deployments under the name of the colour, reading configuration of their own; their Services sending to the colour;
 * their autoscalers scaling it. Everything else stays as it is written.
 * @param replicas for Deployments whose number of pods the manifests leave to others, by `namespace/name`
 */
export function colorManifests(
  manifests: readonly ManifestObject[],
  color: Color,
  owner: string,
  replicas: ReadonlyMap<string, number>,
): Coloring {
  const objects = manifests.map(({ object }) => object);
  const switched = new Set(switchedServices(objects));
  const colored = new Set(
    deploymentsOf(objects).filter((deployment) => numberAt(deployment, 'spec', 'replicas') !== 0),
  );
  const versioned = versionConfiguration(manifests, owner);
  const used = new Set<string>();
  const deployments: KubernetesObject[] = [];
  const services: KubernetesObject[] = [];
  const rest = manifests.flatMap((manifest): ManifestObject[] => {
    const { object } = manifest;
    const { name = '', namespace = '' } = object.metadata;
    if (colored.has(object)) {
      const read = readVersioned(object, versioned.names);
      for (const copy of read.used) used.add(copy);
      const count = replicas.get(`${namespace}/${name}`) ?? numberAt(object, 'spec', 'replicas') ?? 1;
      const deployment = coloredDeployment(read.workload, color, count, owner);
      deployments.push(deployment);
      return [{ ...manifest, object: deployment }];
    }
    if (switched.has(object)) {
      const service = activeService(object, color);
      services.push(service);
      return [{ ...manifest, object: service }];
    }
    return [{ ...manifest, object: follow(object, colored, color) }];
  });
  const copies = versioned.copies.filter(({ object }) => used.has(object.metadata.name ?? ''));
  return {
    manifests: [...copies, ...withoutUnread(rest, manifests, versioned.names, used)],
    previews: [...switched].map((service) => previewService(service, color, owner)),
    services,
    deployments,
  };
}

/** An autoscaler, of whatever kind, that scales a coloured Deployment scales the colour. */
function follow(
  object: KubernetesObject,
  colored: ReadonlySet<KubernetesObject>,
  color: Color,
): KubernetesObject {
  const target = isObject(object['spec']) ? object['spec']['scaleTargetRef'] : undefined;
  const kind = textAt(target, 'kind') ?? 'Deployment';
  const name = textAt(target, 'name');
  const isOurs = [...colored].some(
    (deployment) =>
      deployment.metadata.name === name && deployment.metadata.namespace === object.metadata.namespace,
  );
  return kind === 'Deployment' && name !== undefined && isOurs
    ? retargeted(object, coloredName(name, color))
    : object;
}

/**
 * Configuration that only coloured pods read is there as copies alone: applying the original would reach the pods of an
 * application that is being adopted.
 */
function withoutUnread(
  rest: readonly ManifestObject[],
  manifests: readonly ManifestObject[],
  names: ReadonlyMap<string, string>,
  used: ReadonlySet<string>,
): readonly ManifestObject[] {
  const others = manifests.filter(({ object }) => object.kind !== 'Deployment');
  const readByOthers = new Set(others.flatMap(({ object }) => [...readVersioned(object, names).used]));
  return rest.filter(({ object }) => {
    if (!isConfiguration(object)) return true;
    const copy =
      names.get(`${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`) ?? '';
    return !used.has(copy) || readByOthers.has(copy);
  });
}

// What new pods need and nobody else notices while it is new.
const prerequisites = new Set([
  'Namespace.',
  'CustomResourceDefinition.apiextensions.k8s.io',
  'ServiceAccount.',
  'ConfigMap.',
  'Secret.',
  'PersistentVolumeClaim.',
  'Role.rbac.authorization.k8s.io',
  'RoleBinding.rbac.authorization.k8s.io',
  'PriorityClass.scheduling.k8s.io',
]);

/** Whether an object comes before the switch: the colour itself, what it needs and is new, and the author's early waves. */
export function comesBeforeSwitch(
  manifest: ManifestObject,
  isNew: boolean,
  deployments: readonly KubernetesObject[],
): boolean {
  const { object } = manifest;
  const { name, namespace } = object.metadata;
  if (object.kind === 'Deployment') {
    return deployments.some((one) => one.metadata.name === name && one.metadata.namespace === namespace);
  }
  if (object['type'] === 'kubernetes.io/dockerconfigjson') return true;
  if (isNew && prerequisites.has(`${object.kind}.${groupOf(object.apiVersion)}`)) return true;
  return waveOf(manifest) < 0;
}
