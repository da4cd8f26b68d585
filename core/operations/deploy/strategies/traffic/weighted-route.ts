import { ApiError } from '../../../../model/api-error.ts';
import { isSameJson } from '../../../../model/equality.ts';
import { DeliveryError } from '../../../../model/errors.ts';
import { fieldAt, formatObject, type KubernetesObject } from '../../../../model/kubernetes-object.ts';

import { isManagedBy } from '../../../../model/strategy/ownership.ts';
import {
  ownersOf,
  rulesAnnotation,
  withCanary,
  withoutCanary,
  type RouteForm,
} from '../../../../model/strategy/route-weights.ts';
import type { DeploySurroundings } from '../../request.ts';
import { interimManager, releaseInterim } from '../interim.ts';
import type { SplitTraffic, TrafficProvider } from './provider.ts';

type Asking = Pick<DeploySurroundings, 'client' | 'clock' | 'log'>;

const attempts = 5;

/** Splits by weights in the routes that are there already: those of the namespace that send to one of the Services. */
export function weightedRoutes(form: RouteForm, { client, clock, log }: Asking): TrafficProvider {
  const { apiVersion, kind } = form;

  async function routes(
    { namespace, backends }: SplitTraffic,
    signal: AbortSignal,
  ): Promise<readonly KubernetesObject[]> {
    const { items } = await client.list({ apiVersion, kind, namespace }, signal);
    return items.filter((route) => form.backendsOf(route, [...backends.keys()]).length > 0);
  }

  /** Writes what `change` makes of the route as it is at that moment; nothing when that is the same. */
  async function rewrite(
    route: KubernetesObject,
    change: (current: KubernetesObject) => KubernetesObject,
    signal: AbortSignal,
  ): Promise<KubernetesObject | undefined> {
    const { name = '', namespace = '' } = route.metadata;
    for (let attempt = 1; ; attempt += 1) {
      const current = await client.get({ apiVersion, kind, namespace, name }, signal);
      if (current === undefined) return undefined;
      const next = change(current);
      if (isSameJson(next, current)) return current;
      try {
        return (await client.replace(next, { fieldManager: interimManager, strict: false }, signal)).object;
      } catch (error) {
        // Somebody wrote in between (optimistic lock): the change is made again on top of theirs.
        if (!(error instanceof ApiError) || error.status !== 409 || attempt === attempts) throw error;
      }
    }
  }

  /** Where a controller says what it has taken over (Gateway API), its word is waited for. */
  async function taken(route: KubernetesObject, signal: AbortSignal): Promise<void> {
    if (!Array.isArray(fieldAt(route, 'status', 'parents'))) return;
    const { name = '', namespace = '' } = route.metadata;
    for (let current: KubernetesObject | undefined = route; current !== undefined;) {
      if (isTaken(current)) return;
      await clock.sleep(500, signal);
      current = await client.get({ apiVersion, kind, namespace, name }, signal);
    }
  }

  return {
    splitsOutside: true,

    async check(traffic, signal) {
      const found = await routes(traffic, signal);
      const names = [...traffic.backends.keys()];
      const unrouted = names.filter(
        (name) => !found.some((route) => form.backendsOf(route, [name]).length > 0),
      );
      if (names.length > 0 && unrouted.length < names.length) {
        for (const name of unrouted)
          log.line(`No ${kind} sends to Service ${name}: its canary gets no traffic from outside.`);
        return;
      }
      throw new DeliveryError(
        'NotFound',
        `no ${kind} in ${traffic.namespace} sends to ${names.join(', ') || 'a Service of the canary'}`,
        {
          hint: 'Deploy the route first with an ordinary deployment, or choose another "traffic".',
        },
      );
    },

    async shift(traffic, weight, signal) {
      let share: number | undefined;
      for (const route of await routes(traffic, signal)) {
        const written = await rewrite(
          route,
          (current) => withCanary(form, current, traffic.backends, weight),
          signal,
        );
        if (written === undefined) continue;
        await taken(written, signal);
        const { name = '', namespace = '' } = route.metadata;
        const read = await client.get({ apiVersion, kind, namespace, name }, signal);
        const got = read === undefined ? undefined : form.shareOf(read, traffic.backends);
        if (got === undefined || Math.abs(got - weight) > 1) {
          throw new DeliveryError(
            'ApplyConflict',
            `${formatObject(route)} gives the canary ${got === undefined ? 'nothing' : `${got}%`} after it was set to ${weight}%`,
            {
              hint: 'Something else writes this route: take it out of that tool while a canary is under way.',
            },
          );
        }
        share = got;
      }
      return share;
    },

    async clear(traffic, signal) {
      const { namespace } = traffic;
      // A cluster without the kind has no routes either.
      if ((await client.discovery.find(apiVersion, kind, signal)) === undefined) return;
      const { items } = await client.list({ apiVersion, kind, namespace }, signal);
      const ours = items.filter(
        (route) =>
          (route.metadata.annotations?.[rulesAnnotation] !== undefined ||
            isManagedBy(route, interimManager)) &&
          form.backendsOf(route, [...traffic.backends.keys(), ...traffic.backends.values()]).length > 0,
      );
      for (const route of ours) {
        const owners = ownersOf(form, route);
        await rewrite(route, (current) => withoutCanary(form, current, traffic.backends), signal);
        const written = await rewrite(route, (current) => releaseInterim(current, owners), signal);
        if (written !== undefined) await taken(written, signal);
      }
    },
  };
}

function isTaken(route: KubernetesObject): boolean {
  const parents = fieldAt(route, 'status', 'parents');
  const generation = route.metadata.generation ?? 0;
  return (
    !Array.isArray(parents) ||
    (parents as unknown[]).every((parent) => {
      const conditions = fieldAt(parent, 'conditions');
      return (
        !Array.isArray(conditions) ||
        (conditions as unknown[]).every(
          (one) => Number(fieldAt(one, 'observedGeneration') ?? generation) >= generation,
        )
      );
    })
  );
}
