import { tenant } from '../names.ts';
import { challengeOf, parseScope } from './acr-challenge.ts';
import { unauthorized } from './acr-errors.ts';
import type { Access, AcrRegistry } from './acr-registry.ts';
import type { Directory, ServicePrincipal } from './directory.ts';
import { accessTokenIssuer } from './entra.ts';
import type { Exchange } from './exchange.ts';
import { registryError } from './acr-errors.ts';
import type { AccessControl } from './roles.ts';
import type { Settings } from './settings.ts';
import { seconds, type SigningKey } from './tokens.ts';

/** Who asks a registry: a service principal, the registry's admin user, or no one. */
export type Caller =
  | { readonly kind: 'principal'; readonly principal: ServicePrincipal }
  | { readonly kind: 'admin' }
  | { readonly kind: 'anonymous' };

export interface AcrTokenOptions {
  readonly directory: Directory;
  readonly access: AccessControl;
  readonly settings: Settings;
  /** Entra's key: what `/oauth2/exchange` takes are its tokens. */
  readonly entraKey: SigningKey;
}

// Audiences that ACR takes: its own, and Resource Manager's while "authentication as ARM" is on (the default).
const audiences = [
  'https://containerregistry.azure.net',
  'https://management.azure.com',
  'https://management.core.windows.net',
];
/** The user name that stands for "the password is a refresh token". */
const refreshTokenUser = '00000000-0000-0000-0000-000000000000';

/**
 * A registry's token endpoints, after https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md:
 * `/oauth2/exchange` turns an Entra token into a refresh token, `/oauth2/token` a credential into an access token.
 */
export class AcrTokens {
  readonly #options: AcrTokenOptions;

  constructor(options: AcrTokenOptions) {
    this.#options = options;
  }

  async exchange(exchange: Exchange, registry: AcrRegistry): Promise<void> {
    const form = await exchange.form();
    const grant = form.get('grant_type') ?? '';
    if (!['access_token', 'access_token_refresh_token', 'refresh_token'].includes(grant)) {
      await registryError(exchange, 400, 'UNSUPPORTED', `grant_type '${grant}' is not supported`);
      return;
    }
    const namesTenant = form.get('tenant')?.toLowerCase();
    const principal = await this.#principalOf(form.get('access_token') ?? '');
    const isOurs = namesTenant === undefined || [tenant.id, tenant.domain].includes(namesTenant);
    if (principal === undefined || !isOurs || !this.#hasAnyRight(principal, registry)) {
      if (principal !== undefined) exchange.identity = principal.identity.name;
      await unauthorized(exchange, challengeOf(registry, exchange));
      return;
    }
    exchange.identity = principal.identity.name;
    await exchange.json(200, { refresh_token: await this.#refreshToken(principal, registry) });
  }

  async token(exchange: Exchange, registry: AcrRegistry): Promise<void> {
    const form = exchange.method === 'POST' ? await exchange.form() : exchange.query;
    const caller = await this.#callerOf(exchange, form, registry);
    if (caller === undefined) {
      await unauthorized(exchange, challengeOf(registry, exchange));
      return;
    }
    exchange.identity = nameOf(caller, registry);
    const wanted = form
      .getAll('scope')
      .flatMap((scope) => scope.split(' '))
      .filter(Boolean)
      .map(parseScope);
    const granted = wanted
      .map((scope) => this.grant(caller, registry, scope))
      .filter(({ actions }) => actions.length > 0);
    // As seen on kubelets and in `docker login`: no right at all is refused here, a missing one by the registry later.
    if ((wanted.length > 0 || caller.kind === 'anonymous') && granted.length === 0) {
      const detail = wanted.map(({ type, name, actions }) => ({
        Type: type,
        Name: name,
        Action: actions.join(','),
      }));
      await unauthorized(exchange, challengeOf(registry, exchange), detail);
      return;
    }
    const lifetime = this.#options.settings.registryAccessTokenSeconds;
    const access_token = await registry.issue(subjectOf(caller), granted, lifetime);
    await exchange.json(200, { access_token });
  }

  /** Whom these credentials are: a service principal's client id and secret, the admin user's, or a refresh token. */
  async callerOfPassword(
    username: string,
    password: string,
    registry: AcrRegistry,
  ): Promise<Caller | undefined> {
    if (username === refreshTokenUser) return this.#callerOfRefreshToken(password, registry);
    if (username === registry.name) {
      return registry.settings.adminUserEnabled && password === registry.adminPassword
        ? { kind: 'admin' }
        : undefined;
    }
    const principal = this.#options.directory.byClientId(username);
    return principal?.secrets.has(password) === true ? { kind: 'principal', principal } : undefined;
  }

  /** The caller that an access token of this registry was issued to, by name; undefined for any other token. */
  async nameOfToken(token: string, registry: AcrRegistry): Promise<string | undefined> {
    try {
      const { sub } = await registry.key.verify(token, { audience: registry.loginServer });
      if (sub === 'admin') return `${registry.name} (admin)`;
      return this.#options.directory.byObjectId(sub)?.identity.name;
    } catch {
      return undefined;
    }
  }

  /** What of the wanted access this caller has. */
  grant(caller: Caller, registry: AcrRegistry, { type, name, actions }: Access): Access {
    return {
      type,
      name,
      actions: actions.filter((action) => this.#isGranted(caller, registry, type, name, action)),
    };
  }

  #isGranted(caller: Caller, registry: AcrRegistry, type: string, name: string, action: string): boolean {
    if (type !== 'repository' && !(type === 'registry' && name === 'catalog')) return false;
    if (caller.kind === 'admin') return true;
    const isPublic = registry.settings.anonymousPull || registry.publicRepositories.has(name);
    if (type === 'repository' && action === 'pull' && isPublic) return true;
    if (caller.kind === 'anonymous') return false;
    const { objectId } = caller.principal.identity;
    const { access } = this.#options;
    const of = 'Microsoft.ContainerRegistry/registries';
    if (registry.settings.roleAssignmentMode === 'AbacRepositoryPermissions') {
      if (type === 'registry') return access.allowsData(objectId, `${of}/catalog/read`, registry.id);
      const needed: Record<string, string> = {
        pull: 'content/read',
        push: 'content/write',
        delete: 'content/delete',
        metadata_read: 'metadata/read',
        metadata_write: 'metadata/write',
      };
      const dataAction = needed[action];
      return (
        dataAction !== undefined &&
        access.allowsData(objectId, `${of}/repositories/${dataAction}`, registry.id)
      );
    }
    const needed: Record<string, string> = {
      '*': 'pull/read',
      pull: 'pull/read',
      metadata_read: 'pull/read',
      push: 'push/write',
      metadata_write: 'push/write',
      delete: 'artifacts/delete',
    };
    const right = needed[action];
    return right !== undefined && access.allows(objectId, `${of}/${right}`, registry.id);
  }

  #hasAnyRight(principal: ServicePrincipal, registry: AcrRegistry): boolean {
    const caller = { kind: 'principal', principal } as const;
    const anything = ['pull', 'push', 'delete', 'metadata_read'];
    return (
      this.grant(caller, registry, { type: 'repository', name: '', actions: anything }).actions.length > 0 ||
      this.grant(caller, registry, { type: 'registry', name: 'catalog', actions: ['*'] }).actions.length > 0
    );
  }

  async #callerOf(
    exchange: Exchange,
    form: URLSearchParams,
    registry: AcrRegistry,
  ): Promise<Caller | undefined> {
    const basic = exchange.basic();
    if (basic !== undefined) return this.callerOfPassword(basic.username, basic.password, registry);
    const refreshToken = form.get('refresh_token') ?? '';
    if (form.get('grant_type') === 'refresh_token') return this.#callerOfRefreshToken(refreshToken, registry);
    const username = form.get('username') ?? '';
    if (username !== '') return this.callerOfPassword(username, form.get('password') ?? '', registry);
    return { kind: 'anonymous' };
  }

  async #callerOfRefreshToken(token: string, registry: AcrRegistry): Promise<Caller | undefined> {
    try {
      const claims = await registry.key.verify(token, { audience: registry.loginServer });
      const principal = this.#options.directory.byObjectId(claims.sub);
      return claims['grant_type'] === 'refresh_token' && principal !== undefined
        ? { kind: 'principal', principal }
        : undefined;
    } catch {
      return undefined;
    }
  }

  async #principalOf(entraToken: string): Promise<ServicePrincipal | undefined> {
    try {
      const claims = await this.#options.entraKey.verify(entraToken, { issuer: accessTokenIssuer });
      const [audience = ''] = [claims.aud ?? []].flat();
      if (!audiences.includes(audience.replace(/\/$/, ''))) return undefined;
      return this.#options.directory.byObjectId(claims.sub);
    } catch {
      return undefined;
    }
  }

  #refreshToken(principal: ServicePrincipal, registry: AcrRegistry): Promise<string> {
    const now = seconds();
    return registry.key.sign({
      iss: 'Azure Container Registry',
      aud: registry.loginServer,
      sub: principal.identity.objectId,
      iat: now,
      nbf: now - 1,
      exp: now + this.#options.settings.registryRefreshTokenSeconds,
      version: '1.0',
      tenant: tenant.id,
      appid: principal.identity.clientId,
      grant_type: 'refresh_token',
    });
  }
}

function subjectOf(caller: Caller): string {
  return caller.kind === 'principal' ? caller.principal.identity.objectId : caller.kind;
}

export function nameOf(caller: Caller, registry: AcrRegistry): string | undefined {
  if (caller.kind === 'principal') return caller.principal.identity.name;
  return caller.kind === 'admin' ? `${registry.name} (admin)` : undefined;
}
