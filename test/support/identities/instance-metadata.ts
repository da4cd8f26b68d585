import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Identity } from '../../../sandbox/azure/directory.ts';
import { hosts } from '../../../sandbox/names.ts';
import { jsonOf, type AzureClient } from '../azure-client.ts';

/** What was asked of the metadata service. */
export interface MetadataRequest {
  readonly resource: string | null;
  readonly clientId: string | null;
  readonly status: number;
}

/** The machine's instance metadata service, for its managed identities. */
export interface InstanceMetadata {
  /** What `AZURE_POD_IDENTITY_AUTHORITY_HOST` names: the SDK's own setting for where the service listens. */
  readonly url: string;
  readonly requests: readonly MetadataRequest[];
  stop(): Promise<void>;
}

/**
 * `GET /metadata/identity/oauth2/token` as virtual machines have it (Entra, "How to use managed identities for Azure
 * resources on an Azure VM to acquire an access token"): plain HTTP, only with the header `Metadata: true`, never for what
 * was forwarded. The tokens are the local Entra's own.
 * @param assigned the machine's identities; the first is the system-assigned one
 */
export async function startInstanceMetadata(
  client: AzureClient,
  assigned: readonly Identity[],
): Promise<InstanceMetadata> {
  const requests: MetadataRequest[] = [];
  const server = createServer((request, response) => {
    void answer(request, client, assigned).then(([status, body]) => {
      const query = new URL(request.url ?? '/', 'http://metadata').searchParams;
      requests.push({ resource: query.get('resource'), clientId: query.get('client_id'), status });
      send(response, status, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () => stop(server),
  };
}

async function answer(
  request: IncomingMessage,
  client: AzureClient,
  assigned: readonly Identity[],
): Promise<readonly [number, unknown]> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://metadata');
  // The SDK writes a slash at the end where the address is configured.
  if (!/^\/metadata\/identity\/oauth2\/token\/?$/.test(pathname)) return [404, { error: 'Not found' }];
  if (request.headers['metadata'] !== 'true' || request.headers['x-forwarded-for'] !== undefined) {
    return [400, { error: 'invalid_request', error_description: 'Required metadata header not specified' }];
  }
  const resource = searchParams.get('resource');
  const clientId = searchParams.get('client_id');
  if (resource === null) return [400, { error: 'invalid_request', error_description: 'resource is missing' }];
  const identity = assigned.find((each) => clientId === null || each.clientId === clientId);
  if (identity === undefined) {
    return [400, { error: 'invalid_request', error_description: 'Identity not found' }];
  }
  const issued = jsonOf(
    await client.ask(`https://${hosts.login}/${identity.tenantId}/oauth2/token`, {
      form: {
        grant_type: 'client_credentials',
        client_id: identity.clientId,
        client_secret: identity.secret,
        resource,
      },
    }),
  );
  return [200, { ...issued, client_id: identity.clientId, token_type: 'Bearer' }];
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) =>
    server.close(() => {
      resolve();
    }),
  );
}
