import type { KubernetesClient } from '../../../core/clients/kubernetes/client.ts';

/** The agent is gone: no DeliveryError, so that nothing tidies up. */
export class Killed extends Error {
  constructor() {
    super('killed');
  }
}

/** Counts the calls of a run and ends it at one of them. */
export interface CallCounter {
  calls: number;
  readonly client: KubernetesClient;
}

const counted = ['get', 'list', 'create', 'apply', 'replace', 'patch', 'delete'] as const;

/**
 * A client whose process dies at the call of this number (from 1): before it reached the server, or after the server did
 * it and before the answer came back. From then on nothing gets through.
 */
export function killedAt(client: KubernetesClient, call: number, when: 'before' | 'after'): CallCounter {
  const counter = { calls: 0, client };
  const handler: ProxyHandler<KubernetesClient> = {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== 'function') return found;
      const method = found.bind(target) as (...args: unknown[]) => unknown;
      if (name === 'watch') return method;
      if (!counted.includes(name as (typeof counted)[number])) return method;
      return async (...args: unknown[]): Promise<unknown> => {
        counter.calls += 1;
        if (counter.calls > call || (counter.calls === call && when === 'before')) throw new Killed();
        const answer = await method(...args);
        if (counter.calls >= call) throw new Killed();
        return answer;
      };
    },
  };
  counter.client = new Proxy(client, handler);
  return counter;
}
