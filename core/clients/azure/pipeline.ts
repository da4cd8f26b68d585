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
    const response = await pipeline.sendRequest(createDefaultHttpClient(), prepared);
    if (response.status === 407) throw new Error('the proxy wants a user name and password (407)');
    return response;
  } catch (error) {
    request.signal?.throwIfAborted();
    const { host } = new URL(request.url);
    const said = messageOf(error);
    throw new DeliveryError('Unreachable', `${host} cannot be reached: ${said}`, {
      hint: wayHint(said),
      cause: error,
    });
  }
}

/** What to do about a host that cannot be reached, by what Node says of it. */
export function wayHint(said: string): string {
  if (/\b407\b/.test(said)) {
    return 'Configure the agent with what its proxy asks for: config.sh --proxyurl URL --proxyusername NAME --proxypassword PASSWORD.';
  }
  if (/certificate|self.signed|UNABLE_TO/i.test(said)) {
    return "Its certificate is not trusted here. Behind a TLS-inspecting proxy, start the agent with NODE_EXTRA_CA_CERTS naming the proxy's authority.";
  }
  return "Check that the agent's network or proxy leads to it.";
}
