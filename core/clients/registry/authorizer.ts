import type { HttpClient } from '../http/client.ts';
import { parseChallenges } from './challenge.ts';
import type { RegistryCredential } from './credential.ts';
import { scopeKey } from './scope.ts';
import { TokenCache } from './token-cache.ts';
import {
  basicHeader,
  dockerToken,
  exchangedToken,
  refreshedToken,
  type Token,
  type TokenRealm,
} from './token-service.ts';
import { requireAzureRegistry, trustedRealm } from './trust.ts';

/** What the registry wants, as far as it has said so. */
type Demand =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly realm: TokenRealm };

export interface AuthorizerOptions {
  readonly http: HttpClient;
  readonly credential: RegistryCredential;
  readonly now: () => number;
  /** Every token, before it is used: it must never be seen in a log. */
  readonly onSecret: (value: string) => void;
}

/** Gives requests to one registry their `Authorization`, and learns from its challenges. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens: TokenCache;
  readonly #refreshTokens: TokenCache;
  #demand: Demand = { kind: 'unknown' };

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#tokens = new TokenCache(options.now);
    this.#refreshTokens = new TokenCache(options.now);
  }

  /** Whether the registry has to be asked once before the others know what to send. */
  get isUnknown(): boolean {
    return this.#demand.kind === 'unknown' && this.#options.credential.kind !== 'entra';
  }

  /** The registry let a request pass that carried nothing. */
  wantsNothing(): void {
    if (this.#demand.kind === 'unknown') this.#demand = { kind: 'nothing' };
  }

  /** The header for a request that needs the scopes; undefined sends none. */
  async header(registry: URL, scopes: readonly string[]): Promise<string | undefined> {
    const { credential } = this.#options;
    if (credential.kind === 'entra' && this.#demand.kind === 'unknown') {
      // Azure's registries are known to issue their own tokens: no need to be refused first.
      requireAzureRegistry(registry.host, credential.registrySuffix);
      const url = new URL('/oauth2/token', registry);
      this.#demand = { kind: 'bearer', realm: { url, service: registry.host } };
    }
    switch (this.#demand.kind) {
      case 'unknown':
      case 'nothing':
        return undefined;
      case 'basic':
        return credential.kind === 'basic' ? basicHeader(credential) : undefined;
      case 'bearer':
        return `Bearer ${await this.#token(registry, this.#demand.realm, scopes)}`;
    }
  }

  /**
   * Takes in a 401. True when another attempt makes sense: the registry said what it wants, or a token had to be renewed.
   * @param sent the header that was refused
   */
  learn(
    registry: URL,
    challenge: string | undefined,
    sent: string | undefined,
    scopes: readonly string[],
  ): boolean {
    const { credential } = this.#options;
    const challenges = parseChallenges(challenge ?? '');
    const bearer = challenges.find(
      ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
    );
    if (bearer !== undefined) {
      const url = trustedRealm(bearer.parameters.get('realm') ?? '', registry);
      this.#demand = { kind: 'bearer', realm: { url, service: bearer.parameters.get('service') } };
      this.#tokens.forget(scopeKey(scopes));
      return sent === undefined || bearer.parameters.get('error') !== 'insufficient_scope';
    }
    if (challenges.length === 0 && this.#demand.kind === 'bearer' && sent !== undefined) {
      // Some gateways say no more than 401 when a token has ended.
      this.#tokens.forget(scopeKey(scopes));
      return true;
    }
    if (challenges.some(({ scheme }) => scheme === 'basic') && credential.kind === 'basic') {
      this.#demand = { kind: 'basic' };
      return sent === undefined;
    }
    return false;
  }

  async #token(registry: URL, realm: TokenRealm, scopes: readonly string[]): Promise<string> {
    const token = await this.#tokens.get(scopeKey(scopes), () => this.#ask(registry, realm, scopes));
    this.#options.onSecret(token);
    return token;
  }

  async #ask(registry: URL, realm: TokenRealm, scopes: readonly string[]): Promise<Token> {
    const { http, credential, now, onSecret } = this.#options;
    switch (credential.kind) {
      case 'anonymous':
        return dockerToken(http, realm, scopes, undefined, now);
      case 'basic':
        return dockerToken(http, realm, scopes, credential, now);
      case 'entra': {
        // Asked again here: by now a challenge of the registry's may have named another realm.
        requireAzureRegistry(registry.host, credential.registrySuffix);
        const refresh = await this.#refreshTokens.get(registry.host, () =>
          exchangedToken(http, registry, credential, now),
        );
        onSecret(refresh);
        return refreshedToken(http, realm, scopes, refresh, now);
      }
    }
  }
}
