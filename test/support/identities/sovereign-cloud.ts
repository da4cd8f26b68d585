import type { Azure } from '../../../sandbox/azure/azure.ts';
import type { Identity } from '../../../sandbox/azure/directory.ts';
import type { Exchange } from '../../../sandbox/azure/exchange.ts';
import { createSigningKey, seconds, type SigningKey } from '../../../sandbox/azure/tokens.ts';
import type { Image } from '../../../sandbox/images/image.ts';

/** What a cloud of its own consists of: its Entra, its Resource Manager and one registry, under its own host names. */
export interface SovereignCloudOptions {
  /** The names by which its Entra is known; MSAL turns one into the other. */
  readonly login: readonly string[];
  readonly management: string;
  readonly loginServer: string;
  readonly identity: Identity;
  readonly image: Image;
  /** What `listClusterUserCredential` gives. */
  readonly kubeconfig: string;
}

export interface SovereignCloud {
  /** Every token that any of its hosts was shown, by the audience that it was issued for. */
  readonly shown: readonly { readonly host: string; readonly audience: string }[];
}

/** Adds a sovereign cloud to the local world. It knows one identity and trusts no token but its own. */
export async function addSovereignCloud(
  azure: Azure,
  options: SovereignCloudOptions,
): Promise<SovereignCloud> {
  const key = await createSigningKey();
  const shown: { host: string; audience: string }[] = [];
  const audienceOf = async (exchange: Exchange, token: string): Promise<string | undefined> => {
    const audience = await key.verify(token).then(
      ({ aud }) => String(aud),
      () => undefined,
    );
    shown.push({ host: exchange.host, audience: audience ?? 'not of this cloud' });
    return audience;
  };
  for (const name of options.login) await azure.addHost(name, (exchange) => entra(exchange, options, key));
  await azure.addHost(options.management, async (exchange) => {
    const audience = await audienceOf(exchange, exchange.bearer() ?? '');
    const isOurs = audience === `https://${options.management}`;
    if (!isOurs) return exchange.json(401, { error: { code: 'InvalidAuthenticationToken', message: 'no' } });
    if (!exchange.path.endsWith('/listClusterUserCredential')) return exchange.json(404, {});
    const value = Buffer.from(options.kubeconfig).toString('base64');
    return exchange.json(200, { kubeconfigs: [{ name: 'clusterUser', value }] });
  });
  await azure.addHost(options.loginServer, (exchange) => registry(exchange, options, key, audienceOf));
  return { shown };
}

async function entra(
  exchange: Exchange,
  { identity, management, login }: SovereignCloudOptions,
  key: SigningKey,
): Promise<void> {
  const base = `https://${exchange.host}/${identity.tenantId}`;
  if (exchange.path.endsWith('/.well-known/openid-configuration')) {
    return exchange.json(200, {
      issuer: `${base}/v2.0`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    });
  }
  if (!exchange.path.endsWith('/oauth2/v2.0/token')) return exchange.json(404, {});
  const form = await exchange.form();
  const isKnown =
    form.get('client_id') === identity.clientId && form.get('client_secret') === identity.secret;
  if (!isKnown) return refuse(exchange, 'AADSTS7000215: Invalid client secret provided.');
  const resource = (form.get('scope') ?? '').replace(/\/\.default.*$/, '');
  if (resource !== `https://${management}`) {
    return refuse(exchange, `AADSTS500011: The resource principal named ${resource} was not found.`);
  }
  const now = seconds();
  const { objectId: oid, tenantId: tid } = identity;
  const claims = {
    aud: resource,
    iss: `https://${login[0] ?? ''}/${tid}/`,
    oid,
    tid,
    iat: now,
    exp: now + 3600,
  };
  return exchange.json(200, {
    token_type: 'Bearer',
    expires_in: 3599,
    access_token: await key.sign(claims),
  });
}

function refuse(exchange: Exchange, error_description: string): Promise<void> {
  return exchange.json(401, { error: 'invalid_client', error_description });
}

async function registry(
  exchange: Exchange,
  { management, loginServer, image }: SovereignCloudOptions,
  key: SigningKey,
  audienceOf: (exchange: Exchange, token: string) => Promise<string | undefined>,
): Promise<void> {
  const now = seconds();
  if (exchange.path === '/oauth2/exchange') {
    const audience = await audienceOf(exchange, (await exchange.form()).get('access_token') ?? '');
    if (audience !== `https://${management}`) return exchange.json(401, {});
    return exchange.json(200, { refresh_token: await key.sign({ aud: loginServer, exp: now + 3600 }) });
  }
  if (exchange.path === '/oauth2/token') {
    const audience = await audienceOf(exchange, (await exchange.form()).get('refresh_token') ?? '');
    if (audience !== loginServer) return exchange.json(401, {});
    return exchange.json(200, { access_token: await key.sign({ aud: loginServer, exp: now + 3600 }) });
  }
  if ((await audienceOf(exchange, exchange.bearer() ?? '')) !== loginServer) return exchange.json(401, {});
  const reference = exchange.path.split('/').at(-1) ?? '';
  const blob = exchange.path.includes('/manifests/')
    ? [image.root, ...image.manifests].find(({ digest }) => digest === reference || reference === '1.0.0')
    : image.blobs.get(reference);
  if (blob === undefined) return exchange.json(404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] });
  const headers = { 'content-type': blob.mediaType, 'docker-content-digest': blob.digest };
  return exchange.send(200, headers, Buffer.from(blob.content));
}
