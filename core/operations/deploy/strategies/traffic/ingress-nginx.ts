import { DeliveryError } from '../../../../model/errors.ts';
import { formatObject, referenceTo, type KubernetesObject } from '../../../../model/kubernetes-object.ts';
import { canaryIngress, ingressBackends, ingressShare } from '../../../../model/strategy/ingress-canary.ts';
import { strategyLabel } from '../../../../model/strategy/labels.ts';
import { fieldManager, type DeploySurroundings } from '../../request.ts';
import type { SplitTraffic, TrafficProvider } from './provider.ts';

const kind = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' };

/** A canary Ingress beside each Ingress that sends to one of the Services; the author's own are not touched. */
export function ingressNginxTraffic(owner: string, { client }: DeploySurroundings): TrafficProvider {
  async function ingresses(
    { namespace, backends }: SplitTraffic,
    signal: AbortSignal,
  ): Promise<readonly KubernetesObject[]> {
    const { items } = await client.list({ ...kind, namespace }, signal);
    return items.filter(
      (ingress) =>
        ingress.metadata.labels?.[strategyLabel] === undefined &&
        ingressBackends(ingress, [...backends.keys()]).length > 0,
    );
  }

  return {
    splitsOutside: true,

    async check(traffic, signal) {
      if ((await ingresses(traffic, signal)).length > 0) return;
      const names = [...traffic.backends.keys()].join(', ');
      throw new DeliveryError(
        'NotFound',
        `no Ingress in ${traffic.namespace} sends to ${names || 'a Service of the canary'}`,
        {
          hint: 'Deploy the Ingress first with an ordinary deployment, or choose another "traffic".',
        },
      );
    },

    async shift(traffic, weight, signal) {
      let share: number | undefined;
      for (const ingress of await ingresses(traffic, signal)) {
        const canary = canaryIngress(ingress, traffic.backends, weight, owner);
        await client.apply(canary, { fieldManager, force: true }, signal);
        const read = await client.get(referenceTo(canary), signal);
        share = read === undefined ? undefined : ingressShare(read);
        if (share === undefined || Math.abs(share - weight) > 1) {
          throw new DeliveryError(
            'ApplyConflict',
            `${formatObject(canary)} does not keep its weight of ${weight}%`,
            {
              hint: 'Something else writes this Ingress: take it out of that tool while a canary is under way.',
            },
          );
        }
      }
      return share;
    },

    async clear({ namespace }, signal) {
      const query = { ...kind, namespace, labelSelector: `${strategyLabel}=${owner}` };
      for (const ingress of (await client.list(query, signal)).items) {
        await client.delete(referenceTo(ingress), {}, signal);
      }
    },
  };
}
