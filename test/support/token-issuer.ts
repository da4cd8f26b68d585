import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { EntraIssuer } from '../../sandbox/cluster/index.ts';
import { createAuthority } from '../../sandbox/pki.ts';

export interface TokenIssuer {
  readonly entra: EntraIssuer;
  token(claims: Record<string, unknown>): Promise<string>;
  stop(): void;
}

/** The least of Entra ID that an API server asks for: OpenID configuration and keys, over TLS, at the address. */
export async function startTokenIssuer(hostAddress: string): Promise<TokenIssuer> {
  const issuer = 'https://sts.windows.net/00000000-0000-0000-0000-000000000001/';
  const audience = '6dae42f8-4368-4678-94ff-3960e28e3630';
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const authority = await createAuthority('token issuer test');
  const certificate = await authority.issue({ commonName: 'issuer', ip: [hostAddress], usage: ['server'] });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const server = createServer(
    { cert: certificate.certificatePem, key: certificate.keyPem },
    (request, response) => {
      const configuration = {
        issuer,
        jwks_uri: `${base()}/keys`,
        id_token_signing_alg_values_supported: ['RS256'],
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.url === '/keys' ? { keys: [jwk] } : configuration));
    },
  ).listen(0, hostAddress);
  const base = (): string => `https://${hostAddress}:${(server.address() as AddressInfo).port}`;
  await once(server, 'listening');
  return {
    entra: {
      issuer,
      audience,
      discoveryUrl: `${base()}/.well-known/openid-configuration`,
      caPem: authority.certificatePem,
    },
    token: (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
