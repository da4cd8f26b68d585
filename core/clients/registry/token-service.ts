import { DeliveryError } from '../../model/errors.ts';
import { isObject } from '../../model/json.ts';
import { ResponseError } from '../http/failures.ts';
import type { HttpClient } from '../http/client.ts';
import type { CompleteResponse, HttpRequest } from '../http/message.ts';
import {
  refreshTokenUser,
  type BasicCredential,
  type EntraCredential,
  type RegistryIdentity,
} from './credential.ts';
import { azureRemedy, problemOf } from './registry-error.ts';

export interface Token {
  readonly value: string;
  /** From when on it is no longer used, in milliseconds since the epoch: some time before it ends. */
  readonly renewAt: number;
}

export interface TokenRealm {
  readonly url: URL;
  readonly service: string | undefined;
}

/**
 * Asks a registry's token service for access (distribution, "Token Authentication Specification").
 * @param credential undefined asks anonymously
 */
export async function dockerToken(
  http: HttpClient,
  realm: TokenRealm,
  scopes: readonly string[],
  credential: BasicCredential | undefined,
  now: () => number,
): Promise<Token> {
  if (credential?.username === refreshTokenUser) {
    return refreshedToken(http, realm, scopes, credential.password, now);
  }
  const url = new URL(realm.url);
  if (realm.service !== undefined) url.searchParams.set('service', realm.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers = credential === undefined ? {} : { authorization: basicHeader(credential) };
  return readToken(await ask(http, { method: 'GET', url, headers }), url, ['token', 'access_token'], now);
}

/** Trades a refresh token for access to the scopes (Azure/acr, AAD-OAuth.md, "POST /oauth2/token"). */
export async function refreshedToken(
  http: HttpClient,
  realm: TokenRealm,
  scopes: readonly string[],
  refreshToken: string,
  now: () => number,
): Promise<Token> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: realm.service ?? realm.url.host,
    refresh_token: refreshToken,
  });
  for (const scope of scopes) form.append('scope', scope);
  return readToken(await ask(http, post(realm.url, form)), realm.url, ['access_token'], now);
}

/** Trades an Entra token for the registry's own refresh token (Azure/acr, AAD-OAuth.md, "POST /oauth2/exchange"). */
export async function exchangedToken(
  http: HttpClient,
  registry: URL,
  credential: EntraCredential,
  now: () => number,
): Promise<Token> {
  const url = new URL('/oauth2/exchange', registry);
  const form = new URLSearchParams({ grant_type: 'access_token', service: registry.host });
  if (credential.tenantId !== undefined) form.set('tenant', credential.tenantId);
  form.set('access_token', await credential.token(http.deadline.signal));
  return readToken(await ask(http, post(url, form), credential.identity), url, ['refresh_token'], now);
}

export function basicHeader(credential: BasicCredential): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
}

function post(url: URL, form: URLSearchParams): HttpRequest {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url, headers, body: form.toString() };
}

async function ask(
  http: HttpClient,
  request: HttpRequest,
  identity?: RegistryIdentity,
): Promise<CompleteResponse> {
  const response = await http.fetch(request);
  if (response.status === 200) return response;
  const { code, message } = problemOf(response.bytes);
  const said = [code, message].filter((part) => part !== undefined).join(': ');
  throw new ResponseError(
    response.status,
    `${request.url.host} does not accept ${identity === undefined ? 'the credentials' : identity.who} (${response.status}${said === '' ? '' : ` ${said}`})`,
    {
      ...(response.status === 400 ? { code: 'Unauthenticated' } : {}),
      serviceCode: code,
      hint:
        identity === undefined
          ? 'Check the service connection: has its secret expired, and has the identity a role on this registry?'
          : azureRemedy(request.url.host, 'pull or push', identity),
    },
  );
}

function readToken(
  response: CompleteResponse,
  url: URL,
  fields: readonly string[],
  now: () => number,
): Token {
  let document: unknown;
  try {
    document = JSON.parse(response.bytes.toString('utf8'));
  } catch {
    document = undefined;
  }
  const answer = isObject(document) ? document : {};
  const value = fields.map((field) => answer[field]).find((item) => typeof item === 'string' && item !== '');
  if (typeof value !== 'string') {
    throw new DeliveryError('RemoteError', `the token service at ${url.host} answered without a token`, {
      hint: 'Is this really a registry? Its token service answered something else.',
    });
  }
  const lifetime = answer['expires_in'];
  // Sixty seconds is what the specification says a missing expires_in means.
  const expiresAt =
    typeof lifetime === 'number' && lifetime > 0
      ? now() + lifetime * 1000
      : (expiryOf(value) ?? now() + 60_000);
  return { value, renewAt: expiresAt - Math.min(margin, (expiresAt - now()) / 2) };
}

// A long upload that begins with a token should still be let in by the registry when it ends.
const margin = 60_000;

/** The `exp` of a JSON web token. It is not verified: it only says when to ask for the next one. */
function expiryOf(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const expiry = isObject(claims) ? claims['exp'] : undefined;
    return typeof expiry === 'number' ? expiry * 1000 : undefined;
  } catch {
    return undefined;
  }
}
