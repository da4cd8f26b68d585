import { DeliveryError } from '../../model/errors.ts';
import { textAt } from '../../model/kubernetes-object.ts';
import { sendAzureRequest, type AzureProxy } from './pipeline.ts';

export interface AssertionRequest {
  /** `System.OidcRequestUri` of the run. */
  readonly requestUri: string;
  /** The job's own access token. */
  readonly accessToken: string;
  /** The service connection that the assertion is for. */
  readonly connectionId: string;
  readonly proxy?: AzureProxy | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Asks Azure DevOps to state, signed, which service connection this job runs with
 * (REST "Oidctoken - Create", api-version 7.1).
 * @throws DeliveryError `Unauthenticated`, `Unreachable`
 */
export async function requestAssertion(request: AssertionRequest): Promise<string> {
  const url = new URL(request.requestUri);
  if (url.protocol !== 'https:') {
    throw new DeliveryError('HostNotTrusted', `the OIDC address ${url.origin} of this run is not https`, {
      hint: 'The job token is never sent in clear: give Azure DevOps an https address.',
    });
  }
  url.searchParams.set('api-version', '7.1');
  url.searchParams.set('serviceConnectionId', request.connectionId);
  const response = await sendAzureRequest({
    method: 'POST',
    url: url.href,
    token: request.accessToken,
    proxy: request.proxy,
    signal: request.signal,
  });
  const token = response.status === 200 ? tokenIn(response.bodyAsText ?? '') : undefined;
  if (token !== undefined) return token;
  throw new DeliveryError(
    'Unauthenticated',
    `Azure DevOps (${url.host}) gave no identity assertion for service connection ${request.connectionId}: HTTP ${response.status}`,
    {
      hint: 'Check that this pipeline is permitted to use the service connection and that the connection still exists.',
    },
  );
}

function tokenIn(body: string): string | undefined {
  try {
    return textAt(JSON.parse(body), 'oidcToken');
  } catch {
    return undefined;
  }
}
