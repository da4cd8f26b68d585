import { randomUUID } from 'node:crypto';
import { aksServerApplication, hosts, tenant } from '../names.ts';
import type { Directory, ServicePrincipal } from './directory.ts';
import { checkAssertion, type TrustedIssuer } from './entra-assertion.ts';
import { EntraError, entraErrors } from './entra-errors.ts';
import type { Exchange } from './exchange.ts';
import { parameter, route, router, type Service } from './router.ts';
import type { Settings } from './settings.ts';
import { seconds, type SigningKey } from './tokens.ts';

/** The issuer of the tenant's access tokens of version 1, which is what Resource Manager, ACR and AKS take. */
export const accessTokenIssuer = `https://sts.windows.net/${tenant.id}/`;

// Resources that the tenant has a service principal for. Tokens carry the audience as the client wrote it.
const resources = new Set([
  'https://management.azure.com',
  'https://management.core.windows.net',
  'https://containerregistry.azure.net',
  'https://vault.azure.net',
  'https://graph.microsoft.com',
  '499b84ac-1321-427f-aa17-267ca6975798', // Azure DevOps
  aksServerApplication,
]);

export interface EntraOptions {
  readonly directory: Directory;
  readonly key: SigningKey;
  readonly settings: Settings;
  /** Other issuers that federated credentials may name. */
  readonly issuers: readonly TrustedIssuer[];
}

/** Entra's token endpoints (v1 and v2), discovery documents and key set. */
export function createEntra(options: EntraOptions): Service {
  const keys = (exchange: Exchange): Promise<void> => exchange.json(200, options.key.keySet);
  return router(
    [
      route('GET', '/{tenant}/discovery/instance', instanceDiscovery),
      route('GET', '/{tenant}/discovery/keys', keys),
      route('GET', '/{tenant}/discovery/v2.0/keys', keys),
      route('GET', '/{tenant}/v2.0/.well-known/openid-configuration', (exchange) =>
        discovery(exchange, 'v2.0'),
      ),
      route('GET', '/{tenant}/.well-known/openid-configuration', (exchange) => discovery(exchange, 'v1')),
      route('POST', '/{tenant}/oauth2/v2.0/token', (exchange, parameters) =>
        answer(exchange, () => tokenV2(exchange, parameter(parameters, 'tenant'), options)),
      ),
      route('POST', '/{tenant}/oauth2/token', (exchange, parameters) =>
        answer(exchange, () => tokenV1(exchange, parameter(parameters, 'tenant'), options)),
      ),
    ],
    (exchange) => exchange.send(404, {}),
  );
}

async function answer(exchange: Exchange, issue: () => Promise<unknown>): Promise<void> {
  const headers = {
    'cache-control': 'no-store, no-cache',
    pragma: 'no-cache',
    'x-ms-request-id': randomUUID(),
  };
  try {
    await exchange.json(200, await issue(), headers);
  } catch (error) {
    if (!(error instanceof EntraError)) throw error;
    await exchange.json(error.status, error.body(), headers);
  }
}

async function tokenV2(exchange: Exchange, tenantName: string, options: EntraOptions): Promise<unknown> {
  const form = await exchange.form();
  const principal = await authenticate(exchange, form, tenantName, options);
  const scope = form.get('scope');
  if (scope === null) throw entraErrors.missingParameter('scope');
  const resource = scope
    .split(' ')
    .find((value) => value.endsWith('/.default'))
    ?.slice(0, -'/.default'.length);
  if (resource === undefined) throw entraErrors.invalidScope(scope);
  return {
    token_type: 'Bearer',
    expires_in: options.settings.accessTokenSeconds - 1,
    ext_expires_in: options.settings.accessTokenSeconds - 1,
    access_token: await accessToken(principal, resource, options),
  };
}

async function tokenV1(exchange: Exchange, tenantName: string, options: EntraOptions): Promise<unknown> {
  const form = await exchange.form();
  const principal = await authenticate(exchange, form, tenantName, options);
  const resource = form.get('resource');
  if (resource === null) throw entraErrors.missingParameter('resource');
  const now = seconds();
  return {
    token_type: 'Bearer',
    expires_in: String(options.settings.accessTokenSeconds - 1),
    ext_expires_in: String(options.settings.accessTokenSeconds - 1),
    expires_on: String(now + options.settings.accessTokenSeconds),
    not_before: String(now),
    resource,
    access_token: await accessToken(principal, resource, options),
  };
}

async function authenticate(
  exchange: Exchange,
  form: URLSearchParams,
  tenantName: string,
  options: EntraOptions,
): Promise<ServicePrincipal> {
  if (tenantName.toLowerCase() !== tenant.id && tenantName.toLowerCase() !== tenant.domain) {
    throw entraErrors.unknownTenant(tenantName);
  }
  const grant = form.get('grant_type');
  if (grant === null) throw entraErrors.missingParameter('grant_type');
  if (grant !== 'client_credentials') throw entraErrors.unsupportedGrant(grant);
  const basic = exchange.basic();
  const clientId = form.get('client_id') ?? basic?.username;
  if (clientId === undefined) throw entraErrors.missingParameter('client_id');
  const principal = options.directory.byClientId(clientId);
  if (principal === undefined) throw entraErrors.unknownApplication(clientId, tenant.name);
  exchange.identity = principal.identity.name;
  const assertion = form.get('client_assertion');
  const secret = form.get('client_secret') ?? basic?.password;
  if (assertion !== null) {
    const base = `https://${hosts.login}/${tenantName}`;
    const audiences = [`${base}/oauth2/v2.0/token`, `${base}/oauth2/token`, `${base}/v2.0`, base];
    await checkAssertion(assertion, principal, options.issuers, audiences);
  } else if (secret === undefined) {
    throw entraErrors.noCredential();
  } else if (!principal.secrets.has(secret)) {
    throw entraErrors.wrongSecret(clientId);
  }
  return principal;
}

/** Claims: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference (version 1.0, app only). */
function accessToken(principal: ServicePrincipal, resource: string, options: EntraOptions): Promise<string> {
  if (!resources.has(resource.replace(/\/$/, ''))) throw entraErrors.unknownResource(resource, tenant.name);
  const now = seconds();
  const { clientId, objectId } = principal.identity;
  return options.key.sign({
    aud: resource,
    iss: accessTokenIssuer,
    iat: now,
    nbf: now,
    exp: now + options.settings.accessTokenSeconds,
    aio: randomUUID(),
    appid: clientId,
    appidacr: '1',
    idp: accessTokenIssuer,
    idtyp: 'app',
    ...(principal.groups.length === 0 ? {} : { groups: principal.groups }),
    oid: objectId,
    sub: objectId,
    tid: tenant.id,
    uti: randomUUID(),
    ver: '1.0',
  });
}

async function discovery(exchange: Exchange, version: 'v1' | 'v2.0'): Promise<void> {
  // Whoever asked by another address than Entra's own (an API server in its network namespace) can reach only that.
  const base = `https://${exchange.authority === '' ? hosts.login : exchange.authority}/${tenant.id}`;
  await exchange.json(200, {
    token_endpoint: `${base}/oauth2/${version === 'v1' ? '' : 'v2.0/'}token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${base}/discovery/${version === 'v1' ? '' : 'v2.0/'}keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: version === 'v1' ? accessTokenIssuer : `https://${hosts.login}/${tenant.id}/v2.0`,
    authorization_endpoint: `${base}/oauth2/${version === 'v1' ? '' : 'v2.0/'}authorize`,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nbf', 'oid', 'tid', 'appid', 'groups'],
    tenant_region_scope: 'EU',
    cloud_instance_name: 'microsoftonline.com',
  });
}

async function instanceDiscovery(exchange: Exchange): Promise<void> {
  await exchange.json(200, {
    tenant_discovery_endpoint: `https://${hosts.login}/${tenant.id}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [
      {
        preferred_network: hosts.login,
        preferred_cache: 'login.windows.net',
        aliases: [hosts.login, 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
      },
    ],
  });
}
