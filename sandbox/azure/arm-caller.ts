import { decodeJwt, errors } from 'jose';
import { armErrors } from './arm-errors.ts';
import type { Directory, Identity } from './directory.ts';
import { accessTokenIssuer } from './entra.ts';
import type { Exchange } from './exchange.ts';
import type { AccessControl } from './roles.ts';
import type { SigningKey } from './tokens.ts';

export interface ArmAuthentication {
  readonly directory: Directory;
  readonly access: AccessControl;
  readonly entraKey: SigningKey;
}

/** Who a request to Resource Manager comes from, and what that one may do. */
export class ArmCaller {
  readonly identity: Identity;
  readonly #access: AccessControl;

  constructor(identity: Identity, access: AccessControl) {
    this.identity = identity;
    this.#access = access;
  }

  can(action: string, scope: string): boolean {
    return this.#access.allows(this.identity.objectId, action, scope);
  }

  canReadContent(scope: string): boolean {
    const action = 'Microsoft.ContainerRegistry/registries/repositories/content/read';
    return this.#access.allowsData(this.identity.objectId, action, scope);
  }

  /** @throws ArmError `AuthorizationFailed` */
  require(action: string, scope: string): void {
    if (!this.can(action, scope))
      throw armErrors.forbidden(this.identity.clientId, this.identity.objectId, action, scope);
  }
}

const audiences = ['https://management.azure.com', 'https://management.core.windows.net'];

/** @throws ArmError 401 in the shape of what is wrong with the token */
export async function authenticateArm(exchange: Exchange, options: ArmAuthentication): Promise<ArmCaller> {
  const token = exchange.bearer();
  if (token === undefined) throw armErrors.missingToken();
  const objectId = await subjectOf(token, options.entraKey);
  const principal = options.directory.byObjectId(objectId);
  if (principal === undefined) throw armErrors.invalidToken();
  exchange.identity = principal.identity.name;
  return new ArmCaller(principal.identity, options.access);
}

async function subjectOf(token: string, key: SigningKey): Promise<string | undefined> {
  try {
    const { aud, oid } = await key.verify(token, { issuer: accessTokenIssuer });
    const [audience = ''] = [aud ?? []].flat();
    if (!audiences.includes(audience.replace(/\/$/, ''))) throw armErrors.wrongAudience(audience);
    return typeof oid === 'string' ? oid : undefined;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw armErrors.expiredToken(decodeJwt(token).exp ?? 0);
    if (error instanceof errors.JOSEError) throw armErrors.invalidToken();
    throw error;
  }
}
