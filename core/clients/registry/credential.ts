/** As whom a registry is asked. */
export type RegistryCredential = AnonymousCredential | BasicCredential | EntraCredential;

export interface AnonymousCredential {
  readonly kind: 'anonymous';
}

/** A user name and password: a service principal's, ACR's admin user, a robot account. */
export interface BasicCredential {
  readonly kind: 'basic';
  readonly username: string;
  readonly password: string;
}

/** An Entra identity, for Azure's own registries. */
export interface EntraCredential {
  readonly kind: 'entra';
  readonly tenantId: string | undefined;
  /** The registries that may see its tokens end so: `.azurecr.io`. */
  readonly registrySuffix: string;
  /** An access token for Resource Manager's audience, which registries take for their own. */
  token(signal: AbortSignal): Promise<string>;
  /** Whose they are, for the errors that say what is missing. */
  readonly identity?: RegistryIdentity;
}

export interface RegistryIdentity {
  /** The identity and its service connection, in words. */
  readonly who: string;
  /** The command that assigns an Azure role to it. */
  grant(role: string, scope: string): string;
}

export const anonymous: AnonymousCredential = { kind: 'anonymous' };

/**
 * The name under which Azure's registries take a refresh token of theirs as a password (Azure/acr, AAD-OAuth.md,
 * "Docker login").
 */
export const refreshTokenUser = '00000000-0000-0000-0000-000000000000';
