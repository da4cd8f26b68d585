/** What may be changed while the local Azure runs: lifetimes that a test wants short. */
export interface Settings {
  /** Entra's access tokens. Entra itself: about an hour. */
  accessTokenSeconds: number;
  /** Azure DevOps's OIDC tokens. Azure DevOps itself: about ten minutes. */
  oidcTokenSeconds: number;
  /** A registry's refresh tokens; ACR itself three hours. */
  registryRefreshTokenSeconds: number;
  /** A registry's access tokens; ACR itself 75 minutes. */
  registryAccessTokenSeconds: number;
  /** How long a link to a blob on the data host is good for; ACR itself 20 minutes. */
  dataLinkSeconds: number;
  /** What a running operation tells its client to wait. ARM itself says 10: a demo is not made to wait that long. */
  operationRetryAfterSeconds: number;
  /** How often an operation says that it is running before it tells the outcome it has. */
  operationPolls: number;
}

export function defaultSettings(): Settings {
  return {
    accessTokenSeconds: 3600,
    oidcTokenSeconds: 600,
    registryRefreshTokenSeconds: 3 * 3600,
    registryAccessTokenSeconds: 75 * 60,
    dataLinkSeconds: 20 * 60,
    operationRetryAfterSeconds: 1,
    operationPolls: 0,
  };
}
