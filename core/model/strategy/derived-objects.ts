import { isObject, without, type JsonObject } from '../json.ts';
import { fieldAt, withMetadata, type KubernetesObject } from '../kubernetes-object.ts';
import { colorLabel, ofAnnotation, podHashLabel, strategyLabel, trackLabel } from './labels.ts';
import { labelsAt, type Labels } from './selection.ts';

export type Color = 'blue' | 'green';

/** How canary pods are told from stable ones. */
export interface CanaryShape {
  /** The value of the label on everything that is derived, pods included: whose it is. */
  readonly deployment: string;
  /**
   * Labels whose values canary pods must not share, because a route and not the Service splits the traffic: they get a
   * value of their own, so that the Service of the stable pods never selects them.
   */
  readonly apart: ReadonlySet<string>;
}

/** `storefront-canary`: the new version beside the stable one, which is left alone. */
export function canaryDeployment(
  manifest: KubernetesObject,
  replicas: number,
  shape: CanaryShape,
): KubernetesObject {
  const labels = (before: Labels): Labels => ({ ...setApart(before, shape.apart), [trackLabel]: 'canary' });
  return derivedDeployment(manifest, `${nameOf(manifest)}-canary`, replicas, shape.deployment, labels, {
    [trackLabel]: 'canary',
  });
}

/** `storefront-green`: the application in one of its two colours. */
export function coloredDeployment(
  manifest: KubernetesObject,
  color: Color,
  replicas: number,
  deployment: string,
): KubernetesObject {
  const labels = (before: Labels): Labels => ({ ...before, [colorLabel]: color });
  return derivedDeployment(manifest, coloredName(nameOf(manifest), color), replicas, deployment, labels, {
    [colorLabel]: color,
  });
}

export function coloredName(name: string, color: Color): string {
  return `${name}-${color}`;
}

function derivedDeployment(
  manifest: KubernetesObject,
  name: string,
  replicas: number,
  deployment: string,
  labels: (before: Labels) => Labels,
  own: Labels,
): KubernetesObject {
  const spec = isObject(manifest['spec']) ? manifest['spec'] : {};
  const template = isObject(spec['template']) ? spec['template'] : {};
  const templateMeta = isObject(template['metadata']) ? template['metadata'] : {};
  const selector = isObject(spec['selector']) ? spec['selector'] : {};
  return withMetadata(
    {
      ...manifest,
      spec: {
        ...spec,
        replicas,
        selector: { ...selector, matchLabels: labels(labelsAt(selector, 'matchLabels')) },
        template: {
          ...template,
          metadata: {
            ...templateMeta,
            labels: { ...labels(labelsAt(templateMeta, 'labels')), [strategyLabel]: deployment },
          },
        },
      },
    },
    {
      name,
      labels: { ...manifest.metadata.labels, ...own, [strategyLabel]: deployment },
      annotations: { ...manifest.metadata.annotations, [ofAnnotation]: nameOf(manifest) },
    },
  );
}

function setApart(labels: Labels, apart: ReadonlySet<string>): Labels {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, apart.has(name) ? apartValue(value) : value]),
  );
}

/** Label values end at 63 characters. */
function apartValue(value: string): string {
  return `${value.slice(0, 56)}-canary`;
}

/** `storefront-canary`: reaches the canary pods alone. */
export function canaryService(service: KubernetesObject, shape: CanaryShape): KubernetesObject {
  const selector = {
    ...setApart(labelsAt(service, 'spec', 'selector'), shape.apart),
    [trackLabel]: 'canary',
  };
  return derivedService(service, `${nameOf(service)}-canary`, selector, shape.deployment);
}

/** `storefront-stable`: reaches the stable pods alone, by the replica set that they belong to. */
export function stableService(
  service: KubernetesObject,
  podHash: string,
  deployment: string,
): KubernetesObject {
  const selector = { ...labelsAt(service, 'spec', 'selector'), [podHashLabel]: podHash };
  return derivedService(service, `${nameOf(service)}-stable`, selector, deployment);
}

/** `storefront-preview`: reaches the idle colour before anybody else does. */
export function previewService(
  service: KubernetesObject,
  color: Color,
  deployment: string,
): KubernetesObject {
  return derivedService(
    service,
    `${nameOf(service)}-preview`,
    { ...labelsAt(service, 'spec', 'selector'), [colorLabel]: color },
    deployment,
  );
}

/** The Service of the manifests, sending to one colour. Ports, types and addresses are the author's. */
export function activeService(service: KubernetesObject, color: Color): KubernetesObject {
  const spec = isObject(service['spec']) ? service['spec'] : {};
  return {
    ...service,
    spec: { ...spec, selector: { ...labelsAt(spec, 'selector'), [colorLabel]: color } },
  };
}

// What makes a Service reachable from outside or gives it an address of its own: a copy inside the cluster has none of it.
const outward = [
  'type',
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'loadBalancerIP',
  'loadBalancerClass',
  'loadBalancerSourceRanges',
  'allocateLoadBalancerNodePorts',
] as const;

function derivedService(
  service: KubernetesObject,
  name: string,
  selector: Labels,
  deployment: string,
): KubernetesObject {
  const spec = isObject(service['spec']) ? service['spec'] : {};
  const ports: unknown = fieldAt(spec, 'ports');
  const isHeadless = spec['clusterIP'] === 'None';
  const inner: JsonObject = {
    ...without(spec, ...outward),
    ...(isHeadless ? { clusterIP: 'None' } : {}),
    ...(Array.isArray(ports)
      ? { ports: (ports as unknown[]).map((port) => (isObject(port) ? without(port, 'nodePort') : port)) }
      : {}),
    selector,
  };
  return {
    apiVersion: service.apiVersion,
    kind: service.kind,
    // Annotations stay behind: they ask load balancers, DNS and monitoring for things, once for each Service.
    metadata: {
      name,
      ...(service.metadata.namespace === undefined ? {} : { namespace: service.metadata.namespace }),
      labels: { [strategyLabel]: deployment },
      annotations: { [ofAnnotation]: nameOf(service) },
    },
    spec: inner,
  };
}

function nameOf(object: KubernetesObject): string {
  return object.metadata.name ?? '';
}
