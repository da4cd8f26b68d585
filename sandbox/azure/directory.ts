import 'reflect-metadata';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { identities, tenant, type IdentityIds, type IdentityName } from '../names.ts';

/** A credential by which an outside issuer's token stands for the application (workload identity federation). */
export interface FederatedCredential {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** What its owner knows of a service principal. */
export interface Identity extends IdentityIds {
  readonly name: string;
  readonly tenantId: string;
  readonly secret: string;
  /** Key and certificate in one PEM text, registered with the application; made when first asked for. */
  readonly certificate: () => Promise<string>;
}

/** What Entra knows of a service principal. */
export interface ServicePrincipal {
  readonly identity: Identity;
  readonly secrets: Set<string>;
  readonly certificates: x509.X509Certificate[];
  readonly federatedCredentials: FederatedCredential[];
  /** Object ids of the groups it is a member of; they become the token's `groups`. */
  readonly groups: string[];
}

/** The tenant's applications. */
export class Directory {
  readonly #principals: ServicePrincipal[] = [];

  constructor() {
    for (const name of Object.keys(identities) as IdentityName[]) this.register(name, identities[name]);
  }

  register(name: string, ids: IdentityIds): ServicePrincipal {
    const secret = randomBytes(30).toString('base64url');
    const certificates: x509.X509Certificate[] = [];
    let certificate: Promise<string> | undefined;
    const principal: ServicePrincipal = {
      identity: {
        ...ids,
        name,
        tenantId: tenant.id,
        secret,
        certificate: () => (certificate ??= createCertificate(name, certificates)),
      },
      secrets: new Set([secret]),
      certificates,
      federatedCredentials: [],
      groups: [],
    };
    this.#principals.push(principal);
    return principal;
  }

  byName(name: string): ServicePrincipal {
    const principal = this.#principals.find(({ identity }) => identity.name === name);
    if (principal === undefined) throw new Error(`no identity is called ${name}`);
    return principal;
  }

  byClientId(clientId: string): ServicePrincipal | undefined {
    return this.#principals.find(({ identity }) => identity.clientId === clientId.toLowerCase());
  }

  byObjectId(objectId: string | undefined): ServicePrincipal | undefined {
    return this.#principals.find(({ identity }) => identity.objectId === objectId);
  }
}

/** Entra takes RSA keys only, so the world's own authority, which is elliptic, cannot issue these. */
async function createCertificate(name: string, registered: x509.X509Certificate[]): Promise<string> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [name] }],
      keys,
      signingAlgorithm: algorithm,
      notAfter: new Date(Date.now() + 30 * 24 * 3600_000),
    },
    webcrypto,
  );
  registered.push(certificate);
  const key = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', keys.privateKey),
    'PRIVATE KEY',
  );
  return `${key}\n${certificate.toString('pem')}\n`;
}

/** The thumbprint by which an assertion's header names its certificate (`x5t`, `x5t#S256`), base64url. */
export function thumbprint(certificate: x509.X509Certificate, algorithm: 'sha1' | 'sha256'): string {
  return createHash(algorithm).update(Buffer.from(certificate.rawData)).digest('base64url');
}
