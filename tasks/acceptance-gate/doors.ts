import { AgentPool, type ProxyAddress } from '../../core/clients/http/agents.ts';
import type { HttpResponse, Method } from '../../core/clients/http/message.ts';
import { Transport } from '../../core/clients/http/transport.ts';
import type { KubernetesClient } from '../../core/clients/kubernetes/client.ts';
import type { ServiceCall, ServiceCaller } from '../../core/clients/kubernetes/service-caller.ts';
import type { ClusterDoor, HttpAnswer, HttpDoor } from '../../core/operations/gate/tools.ts';

/** Expectations look at the beginning of a body; the rest is not worth the agent's memory. */
const mostBytes = 1024 * 1024;

/** HTTP as checks want it: one attempt, no redirect, the answer as it came. */
export function httpDoor(proxy: ProxyAddress | undefined): HttpDoor {
  const transport = new Transport({
    agents: new AgentPool(proxy),
    userAgent: 'aks-delivery-gate',
    silence: 600_000,
  });
  return {
    async send({ method, url, headers, body }, signal) {
      const response = await transport.exchange({
        method: method as Method,
        url: new URL(url),
        headers,
        signal,
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, headers: flat(response.headers), text: await beginning(response) };
    },
  };
}

export function clusterDoor(client: KubernetesClient, services: ServiceCaller): ClusterDoor {
  return {
    async askService({ namespace, name, port, scheme }, { method, url, headers, body }, signal) {
      const answer = await services.ask(
        {
          namespace,
          service: name,
          port,
          scheme,
          method: method as ServiceCall['method'],
          path: url,
          headers,
          ...(body === undefined ? {} : { body }),
        },
        signal,
      );
      const text = Buffer.from(answer.body).subarray(0, mostBytes).toString('utf8');
      return { status: answer.status, headers: flat(answer.headers), text };
    },
    read: (reference, signal) => client.get(reference, signal),
    list: async (request, signal) => (await client.list(request, signal)).items,
    async create(object, signal) {
      await client.create(object, { fieldManager: 'aks-delivery' }, signal);
    },
    async remove(reference, signal) {
      await client.delete(reference, { propagation: 'Background' }, signal);
    },
    followLog: (container, signal) => client.followLog(container, signal),
  };
}

async function beginning(response: HttpResponse): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= mostBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, mostBytes).toString('utf8');
}

function flat(headers: HttpResponse['headers']): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
