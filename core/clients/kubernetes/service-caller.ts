import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { DeliveryError, isDeliveryError, messageOf } from '../../model/errors.ts';
import { fieldAt, numberAt, objectsAt, textAt } from '../../model/kubernetes-object.ts';
import type { ClusterAccess } from './access.ts';
import type { KubernetesClient } from './client.ts';
import type { ApiRequest, ApiResponse, ConnectionOptions } from './connection.ts';
import { forwardPort, type ForwardTarget } from './port-forward.ts';

export interface ServiceCall {
  readonly namespace: string;
  readonly service: string;
  /** A number or the port's name. */
  readonly port: string;
  readonly scheme: 'http' | 'https';
  readonly method: NonNullable<ApiRequest['method']>;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks Services of a cluster from outside it, through the API server. */
export interface ServiceCaller {
  /**
   * Asks once: no retry, no redirect.
   * @throws DeliveryError `NotFound` when there is no such Service or port, `Unreachable` when none of its pods is ready
   *   or the one that was chosen takes no connection
   */
  ask(call: ServiceCall, signal: AbortSignal): Promise<ApiResponse>;
}

/** Endpoints change while a rollout runs, and asking for them costs a request of its own. */
const endpointsLast = 1_000;

/**
 * A Service is asked by a port forward to one of its ready pods: that is a plain HTTP connection, which keeps paths and
 * Authorization headers as they are and needs no route from the API server to the pods. Where the identity may not
 * forward ports, and for https, the API server's own proxy asks.
 */
export function createServiceCaller(
  client: KubernetesClient,
  access: ClusterAccess,
  options: ConnectionOptions = {},
): ServiceCaller {
  const agents = new Map<string, ForwardingAgent>();
  const known = new Map<
    string,
    { readonly at: number; readonly targets: Promise<readonly ForwardTarget[]> }
  >();
  let forwards = true;
  let turn = 0;

  function targetsOf(call: ServiceCall, signal: AbortSignal): Promise<readonly ForwardTarget[]> {
    const key = `${call.namespace}/${call.service}:${call.port}`;
    const held = known.get(key);
    if (held !== undefined && Date.now() - held.at < endpointsLast) return held.targets;
    const targets = readyTargets(client, call, signal);
    known.set(key, { at: Date.now(), targets });
    // What could not be read is asked for anew, by the next who wants it.
    targets.catch(() => known.delete(key));
    return targets;
  }

  return {
    async ask(call, signal) {
      if (!forwards || call.scheme === 'https') return throughProxy(client, call, signal);
      const targets = await targetsOf(call, signal);
      const target = targets[turn % Math.max(targets.length, 1)];
      turn += 1;
      if (target === undefined) {
        throw new DeliveryError('Unreachable', `Service ${call.namespace}/${call.service} has no ready pod`, {
          hint: 'Look at the pods behind the Service: none of them passes its readiness probe.',
        });
      }
      const key = `${target.namespace}/${target.pod}:${target.port}`;
      const agent = agents.get(key) ?? new ForwardingAgent(access, options, target);
      agents.set(key, agent);
      try {
        return await exchange(agent, call, signal);
      } catch (error) {
        if (signal.aborted || !isDeliveryError(error) || error.code !== 'Forbidden') throw error;
        forwards = false;
        return throughProxy(client, call, signal);
      }
    },
  };
}

/** The pods that the Service sends to, with the port in each (EndpointSlices, discovery.k8s.io/v1). */
async function readyTargets(
  client: KubernetesClient,
  call: ServiceCall,
  signal: AbortSignal,
): Promise<readonly ForwardTarget[]> {
  const { namespace, service, port } = call;
  const found = await client.get({ apiVersion: 'v1', kind: 'Service', namespace, name: service }, signal);
  const ports = objectsAt(found, 'spec', 'ports');
  const wanted = ports.find((one) => textAt(one, 'name') === port || String(numberAt(one, 'port')) === port);
  if (found === undefined || wanted === undefined) {
    const what = found === undefined ? 'there is no such Service' : `it has no port ${port}`;
    throw new DeliveryError('NotFound', `Service ${namespace}/${service} cannot be asked: ${what}`, {
      hint:
        found === undefined
          ? 'Check the name and the namespace.'
          : `Its ports are ${ports.map((one) => textAt(one, 'name') ?? String(numberAt(one, 'port'))).join(', ')}.`,
    });
  }
  const { items } = await client.list(
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      namespace,
      labelSelector: `kubernetes.io/service-name=${service}`,
    },
    signal,
  );
  return items.flatMap((slice) => {
    const named = objectsAt(slice, 'ports').find(
      (one) => (textAt(one, 'name') ?? '') === (textAt(wanted, 'name') ?? ''),
    );
    const number = numberAt(named, 'port');
    if (number === undefined) return [];
    return objectsAt(slice, 'endpoints').flatMap((endpoint) => {
      const pod = textAt(endpoint, 'targetRef', 'name');
      const isReady = fieldAt(endpoint, 'conditions', 'ready') !== false;
      return pod !== undefined && isReady ? [{ namespace, pod, port: number }] : [];
    });
  });
}

function throughProxy(
  client: KubernetesClient,
  call: ServiceCall,
  signal: AbortSignal,
): Promise<ApiResponse> {
  return client.proxy(
    {
      namespace: call.namespace,
      target: { service: call.service, port: call.port },
      scheme: call.scheme,
      path: call.path,
      method: call.method,
      headers: call.headers,
      ...(call.body === undefined ? {} : { body: call.body }),
    },
    signal,
  );
}

/** Keeps forwarded connections to one pod, as a browser keeps them to one server. */
class ForwardingAgent extends Agent {
  readonly #open: () => Promise<Duplex>;
  readonly #name: string;

  constructor(access: ClusterAccess, options: ConnectionOptions, target: ForwardTarget) {
    super({ keepAlive: true, maxSockets: 32 });
    this.#open = () => forwardPort(access, options, target);
    this.#name = `Pod ${target.namespace}/${target.pod}, port ${target.port}`;
  }

  get target(): string {
    return this.#name;
  }

  override createConnection(
    _options: unknown,
    done: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#open().then(
      (stream) => {
        done(null, stream);
      },
      (error: unknown) => {
        done(error instanceof Error ? error : new Error(String(error)), undefined as unknown as Duplex);
      },
    );
    return undefined;
  }
}

function exchange(agent: ForwardingAgent, call: ServiceCall, signal: AbortSignal): Promise<ApiResponse> {
  const body = call.body === undefined ? undefined : Buffer.from(call.body);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      else if (isDeliveryError(error)) reject(error);
      else {
        reject(
          new DeliveryError('Unreachable', `${agent.target} takes no connection: ${messageOf(error)}`, {
            hint: 'Is this the port that the container listens at?',
            cause: error,
          }),
        );
      }
    };
    const request = httpRequest({
      agent,
      signal,
      // The name by which pods in the cluster would ask for it.
      host: `${call.service}.${call.namespace}`,
      method: call.method,
      path: call.path,
      headers: {
        'user-agent': 'aks-delivery',
        accept: '*/*',
        ...call.headers,
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      },
    });
    request.on('error', fail);
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}
