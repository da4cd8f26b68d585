import type { PipelineRequest, PipelineResponse, ProxySettings } from '@azure/core-rest-pipeline';
import { DeliveryError, messageOf } from '../../model/errors.ts';

/** The agent's proxy, as far as the Azure packages want it. */
export interface AzureProxy {
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  bypasses(url: string): boolean;
}

/** The proxy for one host in the form of the Azure packages; undefined goes straight. */
export function proxyFor(url: string, proxy: AzureProxy | undefined): ProxySettings | undefined {
  if (proxy === undefined || proxy.bypasses(url)) return undefined;
  const address = new URL(proxy.url);
  const port = address.port === '' ? (address.protocol === 'https:' ? 443 : 80) : Number(address.port);
  return {
    host: `${address.protocol}//${address.hostname}`,
    port,
    ...(proxy.username === undefined ? {} : { username: proxy.username }),
    ...(proxy.password === undefined ? {} : { password: proxy.password }),
  };
}

export interface AzureRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly token: string;
  readonly proxy: AzureProxy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One request through the Azure SDK's own pipeline: its retries (429 and 5xx with Retry-After), its proxy handling. Loaded
 * when it is first needed, because a deployment by kubeconfig never needs it.
 */
export async function sendAzureRequest(request: AzureRequest): Promise<PipelineResponse> {
  const { createDefaultHttpClient, createHttpHeaders, createPipelineFromOptions, createPipelineRequest } =
    await import('@azure/core-rest-pipeline');
  const proxy = proxyFor(request.url, request.proxy);
  const pipeline = createPipelineFromOptions({
    retryOptions: { maxRetries: 3 },
    userAgentOptions: { userAgentPrefix: 'aks-delivery' },
    ...(proxy === undefined ? {} : { proxyOptions: proxy }),
  });
  const prepared: PipelineRequest = createPipelineRequest({
    url: request.url,
    method: request.method,
    headers: createHttpHeaders({ authorization: `Bearer ${request.token}`, 'content-length': '0' }),
    timeout: 60_000,
    ...(request.signal === undefined ? {} : { abortSignal: request.signal }),
  });
  try {
    return await pipeline.sendRequest(createDefaultHttpClient(), prepared);
  } catch (error) {
    request.signal?.throwIfAborted();
    const { host } = new URL(request.url);
    throw new DeliveryError('Unreachable', `${host} cannot be reached: ${messageOf(error)}`, {
      hint: "Check that the agent's network or proxy leads to it.",
      cause: error,
    });
  }
}
