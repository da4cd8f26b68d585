import { isObject, without, type JsonObject } from '../json.ts';
import { fieldAt, objectsAt, textAt, type KubernetesObject } from '../kubernetes-object.ts';
import { ofAnnotation, strategyLabel } from './labels.ts';
import type { CanaryBackends } from './route-weights.ts';

const prefix = 'nginx.ingress.kubernetes.io';

/** Names of the Services, out of these, that the Ingress sends to. `resource` backends are none of them. */
export function ingressBackends(ingress: KubernetesObject, services: readonly string[]): readonly string[] {
  const backends = [
    fieldAt(ingress, 'spec', 'defaultBackend'),
    ...objectsAt(ingress, 'spec', 'rules').flatMap((rule) =>
      objectsAt(rule, 'http', 'paths').map((path) => path['backend']),
    ),
  ];
  const named = backends.map((backend) => textAt(backend, 'service', 'name'));
  return services.filter((service) => named.includes(service));
}

/**
 * The Ingress beside the author's own that ingress-nginx takes for its canary (ingress-nginx, "Annotations", Canary): same
 * hosts and paths, the canary's backends, a weight. The author's own is left alone.
 */
export function canaryIngress(
  ingress: KubernetesObject,
  backends: CanaryBackends,
  weight: number,
  deployment: string,
): KubernetesObject {
  const spec = isObject(ingress['spec']) ? ingress['spec'] : {};
  const swap = (backend: unknown): JsonObject | undefined => {
    const canary = backends.get(textAt(backend, 'service', 'name') ?? '');
    if (canary === undefined || !isObject(backend) || !isObject(backend['service'])) return undefined;
    return { ...backend, service: { ...backend['service'], name: canary } };
  };
  const rules = objectsAt(spec, 'rules').flatMap((rule) => {
    const paths = objectsAt(rule, 'http', 'paths').flatMap((path) => {
      const backend = swap(path['backend']);
      return backend === undefined ? [] : [{ ...path, backend }];
    });
    return paths.length === 0 ? [] : [{ ...rule, http: { paths } }];
  });
  const defaultBackend = swap(spec['defaultBackend']);
  const className = ingress.metadata.annotations?.['kubernetes.io/ingress.class'];
  const hundredths = !Number.isInteger(weight);
  return {
    apiVersion: ingress.apiVersion,
    kind: ingress.kind,
    metadata: {
      name: `${ingress.metadata.name ?? ''}-canary`,
      ...(ingress.metadata.namespace === undefined ? {} : { namespace: ingress.metadata.namespace }),
      labels: { [strategyLabel]: deployment },
      annotations: {
        [ofAnnotation]: ingress.metadata.name ?? '',
        ...(className === undefined ? {} : { 'kubernetes.io/ingress.class': className }),
        [`${prefix}/canary`]: 'true',
        [`${prefix}/canary-weight`]: String(hundredths ? Math.round(weight * 100) : weight),
        ...(hundredths ? { [`${prefix}/canary-weight-total`]: '10000' } : {}),
      },
    },
    spec: {
      // Certificates belong to the author's Ingress; the canary is served under its hosts.
      ...without(spec, 'rules', 'defaultBackend', 'tls'),
      ...(defaultBackend === undefined ? {} : { defaultBackend }),
      ...(rules.length === 0 ? {} : { rules }),
    },
  };
}

/** Percent that a canary Ingress gives, as its annotations say. */
export function ingressShare(ingress: KubernetesObject): number | undefined {
  const { annotations } = ingress.metadata;
  if (annotations?.[`${prefix}/canary`] !== 'true') return undefined;
  const weight = Number(annotations[`${prefix}/canary-weight`] ?? 0);
  const total = Number(annotations[`${prefix}/canary-weight-total`] ?? 100);
  return (weight * 100) / total;
}
