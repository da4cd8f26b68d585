import { isSameJson } from '../equality.ts';
import { isObject, without, type JsonObject } from '../json.ts';
import {
  fieldAt,
  numberAt,
  objectsAt,
  textAt,
  withMetadata,
  type KubernetesObject,
} from '../kubernetes-object.ts';
import { ownerOf, type FieldOwner } from './ownership.ts';

/** Which Service's traffic is shared with which canary Service. */
export type CanaryBackends = ReadonlyMap<string, string>;

/** One kind of route that can split traffic by weights. Everything here is pure: route in, route out. */
export interface RouteForm {
  readonly apiVersion: string;
  readonly kind: string;
  /** Names of the Services, out of these, that the route sends to. */
  backendsOf(route: KubernetesObject, services: readonly string[]): readonly string[];
  /** The route's split without any canary in it, to be changed by `split`. */
  split(rules: unknown, backends: CanaryBackends, weight: number, namespace: string): unknown;
  /** The rules without any canary, its share given back to its Service. */
  strip(rules: JsonObject, backends: CanaryBackends, namespace: string): JsonObject;
  /** The fields that hold the rules. */
  rulesOf(route: KubernetesObject): JsonObject;
  /** What the canaries really get, percent; undefined where none of them is in the route. */
  shareOf(route: KubernetesObject, backends: CanaryBackends): number | undefined;
}

/** On a route whose traffic is being split: its rules as its author wrote them, and who had written them. */
export const rulesAnnotation = 'aks-delivery/before-canary';

/**
 * The route giving `weight` percent of the Services' traffic to their canaries. The author's own rules are kept in an
 * annotation, and every weight is reckoned from them: any agent can go on, and nothing adds up rounding.
 */
export function withCanary(
  form: RouteForm,
  route: KubernetesObject,
  backends: CanaryBackends,
  weight: number,
): KubernetesObject {
  const before = rulesBefore(form, route);
  const rules = form.split(before, backends, weight, route.metadata.namespace ?? '');
  return withMetadata(
    { ...route, spec: { ...specOf(route), ...(rules as JsonObject) } },
    { annotations: { ...route.metadata.annotations, [rulesAnnotation]: keptText(form, route, before) } },
  );
}

/**
 * The route as its author wrote it; the very same object where there was no canary in it. Rules that somebody has
 * rewritten meanwhile stay theirs, without the canary.
 */
export function withoutCanary(
  form: RouteForm,
  route: KubernetesObject,
  backends: CanaryBackends,
): KubernetesObject {
  if (route.metadata.annotations?.[rulesAnnotation] === undefined) return route;
  const before = isForeign(form, route, backends)
    ? form.strip(form.rulesOf(route), backends, route.metadata.namespace ?? '')
    : (rulesBefore(form, route) as JsonObject);
  const annotations = without(route.metadata.annotations, rulesAnnotation) as Record<string, string>;
  const metadata = without(route.metadata, 'annotations');
  return {
    ...route,
    metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations },
    spec: { ...specOf(route), ...before },
  };
}

/** Whether somebody has rewritten the rules since this task split them: the annotation is then no longer the truth. */
export function isForeign(form: RouteForm, route: KubernetesObject, backends: CanaryBackends): boolean {
  if (route.metadata.annotations?.[rulesAnnotation] === undefined) return false;
  const weight = form.shareOf(route, backends);
  if (weight === undefined) return true;
  const expected = form.split(rulesBefore(form, route), backends, weight, route.metadata.namespace ?? '');
  return !isSameJson(form.rulesOf(route), expected);
}

function rulesBefore(form: RouteForm, route: KubernetesObject): unknown {
  const kept = route.metadata.annotations?.[rulesAnnotation];
  return kept === undefined ? form.rulesOf(route) : fieldAt(JSON.parse(kept), 'rules');
}

function keptText(form: RouteForm, route: KubernetesObject, rules: unknown): string {
  const kept = route.metadata.annotations?.[rulesAnnotation];
  return kept ?? JSON.stringify({ rules, owners: ownersOf(form, route) });
}

/** Who owned the rules before any canary, by field of `spec`. */
export function ownersOf(form: RouteForm, route: KubernetesObject): Readonly<Record<string, FieldOwner>> {
  const kept = route.metadata.annotations?.[rulesAnnotation];
  if (kept !== undefined) return (fieldAt(JSON.parse(kept), 'owners') ?? {}) as Record<string, FieldOwner>;
  const owners: Record<string, FieldOwner> = {};
  for (const field of Object.keys(form.rulesOf(route))) {
    const owner = ownerOf(route, field);
    if (owner !== undefined) owners[field] = owner;
  }
  return owners;
}

function specOf(route: KubernetesObject): JsonObject {
  return isObject(route['spec']) ? route['spec'] : {};
}

/**
 * Gateway API (gateway.networking.k8s.io/v1, HTTPBackendRef): weights are shares of their sum, 1 where none is given, and
 * at most a million. Application Gateway for Containers reads the same.
 */
export const httpRoute: RouteForm = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',

  backendsOf(route, services) {
    const named = objectsAt(route, 'spec', 'rules').flatMap((rule) =>
      objectsAt(rule, 'backendRefs')
        .filter((ref) => isServiceRef(ref, route.metadata.namespace ?? ''))
        .map((ref) => textAt(ref, 'name')),
    );
    return services.filter((service) => named.includes(service));
  },

  rulesOf: (route) => ({ rules: specOf(route)['rules'] }),

  split(rules, backends, weight, namespace) {
    // Hundredths of a percent where the weight has decimals.
    const scale = Number.isInteger(weight) ? 100 : 10_000;
    const share = Math.round((weight * scale) / 100);
    return {
      rules: objectsAt(rules, 'rules').map((rule) => {
        const refs = objectsAt(rule, 'backendRefs');
        const isOurs = (ref: JsonObject): boolean =>
          isServiceRef(ref, namespace) && backends.has(textAt(ref, 'name') ?? '');
        if (!refs.some(isOurs)) return rule;
        return {
          ...rule,
          backendRefs: refs.flatMap((ref) => {
            const own = numberAt(ref, 'weight') ?? 1;
            const canary = isOurs(ref) ? backends.get(textAt(ref, 'name') ?? '') : undefined;
            if (canary === undefined) return [{ ...ref, weight: own * scale }];
            return [
              { ...ref, weight: own * (scale - share) },
              { ...ref, name: canary, weight: own * share },
            ];
          }),
        };
      }),
    };
  },

  strip(rules, backends, namespace) {
    const canaries = new Map([...backends].map(([service, canary]) => [canary, service]));
    return {
      rules: objectsAt(rules, 'rules').map((rule) => {
        const refs = objectsAt(rule, 'backendRefs');
        const given = (name: string | undefined): number =>
          refs
            .filter((ref) => isServiceRef(ref, namespace) && canaries.get(textAt(ref, 'name') ?? '') === name)
            .reduce((total, ref) => total + (numberAt(ref, 'weight') ?? 1), 0);
        if (!refs.some((ref) => canaries.has(textAt(ref, 'name') ?? ''))) return rule;
        return {
          ...rule,
          backendRefs: refs
            .filter((ref) => !canaries.has(textAt(ref, 'name') ?? ''))
            .map((ref) => ({ ...ref, weight: (numberAt(ref, 'weight') ?? 1) + given(textAt(ref, 'name')) })),
        };
      }),
    };
  },

  shareOf(route, backends) {
    const refs = objectsAt(route, 'spec', 'rules')
      .flatMap((rule) => objectsAt(rule, 'backendRefs'))
      .filter((ref) => isServiceRef(ref, route.metadata.namespace ?? ''));
    const sum = (names: ReadonlySet<string>): number =>
      refs
        .filter((ref) => names.has(textAt(ref, 'name') ?? ''))
        .reduce((total, ref) => total + (numberAt(ref, 'weight') ?? 1), 0);
    return shareBetween(
      sum,
      refs.map((ref) => textAt(ref, 'name')),
      backends,
    );
  },
};

/**
 * Istio (networking.istio.io/v1, HTTPRouteDestination): the weights of a route are whole percents that add up to 100; a
 * single destination has all of it without saying so.
 */
export const virtualService: RouteForm = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',

  backendsOf(route, services) {
    const hosts = destinationsOf(route).map(
      (destination) => textAt(destination, 'destination', 'host') ?? '',
    );
    const namespace = route.metadata.namespace ?? '';
    return services.filter((service) => hosts.some((host) => isHostOf(host, service, namespace)));
  },

  rulesOf(route) {
    const spec = specOf(route);
    return Object.fromEntries(
      protocols.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]),
    );
  },

  split(rules, backends, weight, namespace) {
    return Object.fromEntries(
      protocols
        .filter((name) => isObject(rules) && rules[name] !== undefined)
        .map((name) => [
          name,
          objectsAt(rules, name).map((rule) => splitRule(rule, backends, weight, namespace)),
        ]),
    );
  },

  strip(rules, backends, namespace) {
    const hostOf = (destination: JsonObject): string => textAt(destination, 'destination', 'host') ?? '';
    const pairs = [...backends];
    return Object.fromEntries(
      Object.keys(rules).map((name) => [
        name,
        objectsAt(rules, name).map((rule) => {
          const all = objectsAt(rule, 'route');
          const isCanary = (one: JsonObject): boolean =>
            pairs.some(([, canary]) => isHostOf(hostOf(one), canary, namespace));
          if (!all.some(isCanary)) return rule;
          const route = all
            .filter((one) => !isCanary(one))
            .map((one) => {
              const pair = pairs.find(([service]) => isHostOf(hostOf(one), service, namespace));
              const given = all
                .filter((other) => pair !== undefined && isHostOf(hostOf(other), pair[1], namespace))
                .reduce((total, other) => total + (numberAt(other, 'weight') ?? 0), 0);
              return { ...one, weight: (numberAt(one, 'weight') ?? 0) + given };
            });
          return { ...rule, route };
        }),
      ]),
    );
  },

  shareOf(route, backends) {
    const destinations = destinationsOf(route);
    const names = [...backends.keys(), ...backends.values()];
    const namespace = route.metadata.namespace ?? '';
    const nameOf = (destination: JsonObject): string =>
      names.find((name) => isHostOf(textAt(destination, 'destination', 'host') ?? '', name, namespace)) ?? '';
    const sum = (names: ReadonlySet<string>): number =>
      destinations
        .filter((destination) => names.has(nameOf(destination)))
        .reduce((total, destination) => total + (numberAt(destination, 'weight') ?? 100), 0);
    return shareBetween(sum, destinations.map(nameOf), backends);
  },
};

const protocols = ['http', 'tls', 'tcp'] as const;

function destinationsOf(route: KubernetesObject): readonly JsonObject[] {
  return protocols
    .flatMap((name) => objectsAt(route, 'spec', name))
    .flatMap((rule) => objectsAt(rule, 'route'));
}

function splitRule(
  rule: JsonObject,
  backends: CanaryBackends,
  weight: number,
  namespace: string,
): JsonObject {
  const destinations = objectsAt(rule, 'route');
  if (destinations.length === 0) return rule;
  return {
    ...rule,
    route: destinations.flatMap((destination) => {
      const host = textAt(destination, 'destination', 'host') ?? '';
      const found = [...backends].find(([service]) => isHostOf(host, service, namespace));
      if (found === undefined) return [destination];
      const [service, canary] = found;
      const own = numberAt(destination, 'weight') ?? (destinations.length === 1 ? 100 : 0);
      const share = Math.round((own * weight) / 100);
      const target = isObject(destination['destination']) ? destination['destination'] : {};
      return [
        { ...destination, weight: own - share },
        {
          ...destination,
          // Subsets are the stable Service's own: its DestinationRule knows nothing of the canary.
          destination: { ...without(target, 'subset'), host: host.replace(service, canary) },
          weight: share,
        },
      ];
    }),
  };
}

/** A short name is of the route's own namespace (Istio, VirtualService, "Destination"). */
function isHostOf(host: string, service: string, namespace: string): boolean {
  return (
    host === service || host === `${service}.${namespace}` || host.startsWith(`${service}.${namespace}.svc`)
  );
}

function isServiceRef(ref: JsonObject, namespace: string): boolean {
  return (
    (ref['kind'] ?? 'Service') === 'Service' &&
    (ref['group'] ?? '') === '' &&
    (ref['namespace'] ?? namespace) === namespace
  );
}

function shareBetween(
  sum: (names: ReadonlySet<string>) => number,
  present: readonly (string | undefined)[],
  backends: CanaryBackends,
): number | undefined {
  const canaries = new Set(backends.values());
  if (!present.some((name) => canaries.has(name ?? ''))) return undefined;
  const canary = sum(canaries);
  const stable = sum(new Set(backends.keys()));
  return canary + stable === 0 ? 0 : (canary * 100) / (canary + stable);
}
