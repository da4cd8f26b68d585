import type { TokenCredential, TokenCredentialOptions } from '@azure/identity';
import type { AzureCloud } from '../../model/azure-cloud.ts';
import type { AzureIdentity } from '../../model/azure-identity.ts';
import { DeliveryError } from '../../model/errors.ts';
import { textAt } from '../../model/kubernetes-object.ts';
import { grantCommand } from '../../model/role-assignment.ts';
import { describeIdentity, signInError } from './sign-in-error.ts';
import { Assertions } from './assertions.ts';
import { proxyFor, type AzureProxy } from './pipeline.ts';

export interface AccessToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresOn: number;
}

/** Signs in to Microsoft Entra ID. Tokens are kept in memory and renewed before they end; nothing is written anywhere. */
export interface AzureCredential {
  /** Who signs in and by which service connection, for messages; holds no secret. Says more after the first token. */
  readonly who: string;
  /** The command that assigns an Azure role to this identity. */
  grant(role: string, scope: string): string;
  /**
   * @param scope for example `https://management.azure.com/.default`
   * @throws DeliveryError `Unauthenticated`, `Unreachable`
   */
  token(scope: string, signal?: AbortSignal): Promise<AccessToken>;
}

export interface CredentialSurroundings {
  /** Where this job asks for an assertion of its identity: needed for workload identity federation alone. */
  readonly oidc?: { readonly requestUri: string; readonly accessToken: string } | undefined;
  readonly proxy?: AzureProxy | undefined;
  /** The service connection that the identity is of, for messages. */
  readonly connection?: { readonly input: string; readonly id: string } | undefined;
  /** Told every token before it is used, so that it can be masked. */
  readonly onSecret?: (value: string) => void;
}

/** Renewed this long before its end, so that no request sets out with a token that ends on the way. */
const renewalMargin = 5 * 60_000;

export function createAzureCredential(
  identity: AzureIdentity,
  cloud: AzureCloud,
  surroundings: CredentialSurroundings = {},
): AzureCredential {
  let signedIn: Promise<TokenCredential> | undefined;
  const tokens = new Map<string, AccessToken>();
  const pending = new Map<string, Promise<AccessToken>>();
  const assertions = new Assertions(surroundings.onSecret);
  let objectId: string | undefined;
  const describe = (): string => describeIdentity(identity, objectId, surroundings.connection);

  const exchange = async (scope: string): Promise<AccessToken> => {
    signedIn ??= signIn(identity, cloud, surroundings, assertions);
    assertions.renew();
    try {
      const got = await (await signedIn).getToken(scope);
      if (got === null) throw new Error('no token was issued');
      surroundings.onSecret?.(got.token);
      objectId ??= objectIdIn(got.token);
      const token = { token: got.token, expiresOn: got.expiresOnTimestamp };
      tokens.set(scope, token);
      return token;
    } catch (error) {
      throw signInError(assertions.failure ?? error, describe(), cloud, identity);
    }
  };

  return {
    get who() {
      return describe();
    },
    grant: (role, scope) => grantCommand({ objectId, clientId: identity.clientId }, role, scope),
    async token(scope, signal) {
      signal?.throwIfAborted();
      const known = tokens.get(scope);
      if (known !== undefined && known.expiresOn - renewalMargin > Date.now()) return known;
      // Requests that go out at the same time share one exchange, which therefore no single one's signal may end.
      const shared = pending.get(scope) ?? exchange(scope);
      pending.set(scope, shared);
      try {
        return await shared;
      } finally {
        pending.delete(scope);
      }
    },
  };
}

/** The `oid` of a token (Entra, "Access token claims reference"). It is not verified: it only names the identity. */
function objectIdIn(token: string): string | undefined {
  try {
    return textAt(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')), 'oid');
  } catch {
    return undefined;
  }
}

/** @azure/identity costs a hundred milliseconds to load, so it is loaded with the first token. */
async function signIn(
  identity: AzureIdentity,
  cloud: AzureCloud,
  surroundings: CredentialSurroundings,
  assertions: Assertions,
): Promise<TokenCredential> {
  const sdk = await import('@azure/identity');
  const proxy = proxyFor(cloud.authority, surroundings.proxy);
  const options: TokenCredentialOptions = {
    authorityHost: cloud.authority,
    ...(proxy === undefined ? {} : { proxyOptions: proxy }),
  };
  switch (identity.scheme) {
    case 'servicePrincipalSecret':
      return new sdk.ClientSecretCredential(identity.tenantId, identity.clientId, identity.secret, options);
    case 'servicePrincipalCertificate':
      return new sdk.ClientCertificateCredential(
        identity.tenantId,
        identity.clientId,
        { certificate: identity.certificate },
        options,
      );
    case 'workloadIdentityFederation': {
      const { oidc } = surroundings;
      if (oidc === undefined) {
        throw new DeliveryError(
          'CredentialUnsupported',
          'this run can ask for no identity assertion: System.OidcRequestUri is not set',
          {
            hint: 'Workload identity federation needs Azure DevOps Services; use a service principal with a secret or certificate on this server.',
          },
        );
      }
      assertions.open({ ...oidc, connectionId: identity.connectionId, proxy: surroundings.proxy });
      return new sdk.ClientAssertionCredential(
        identity.tenantId,
        identity.clientId,
        () => assertions.current(),
        options,
      );
    }
    case 'managedIdentity':
      return identity.clientId === undefined
        ? new sdk.ManagedIdentityCredential()
        : new sdk.ManagedIdentityCredential({ clientId: identity.clientId });
  }
}
