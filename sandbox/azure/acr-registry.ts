import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { dataHost, loginServer, registryId, type Subscription } from '../names.ts';
import { startDistribution, type Distribution } from '../registry/distribution.ts';
import { RegistryStorage } from '../registry/storage.ts';
import { AttributeStore } from './acr-attributes.ts';
import { seconds, type SigningKey } from './tokens.ts';

export interface RegistrySettings {
  adminUserEnabled: boolean;
  anonymousPull: boolean;
  /** Off: the registry answers 404 and no OCI-Subject, so clients take the tag-schema fallback. */
  referrersApi: boolean;
  /** How many referrers an answer holds before it points at the next with a Link header. */
  referrersPageSize: number;
  /** Off: blobs come from the login server itself, as from a registry without data endpoints behind a firewall. */
  redirectBlobs: boolean;
  roleAssignmentMode: 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions';
  sku: 'Basic' | 'Standard' | 'Premium';
  publicNetworkAccess: 'Enabled' | 'Disabled';
}

/** What a token grants: https://distribution.github.io/distribution/spec/auth/jwt/ */
export interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export const registryTokenIssuer = 'Azure Container Registry';

/** A registry as its owner and the tests see it. */
export interface SandboxRegistry {
  readonly name: string;
  readonly loginServer: string;
  /** `host:port` of its direct TLS listener on loopback. */
  readonly address: string;
  readonly dataDirectory: string;
  readonly settings: RegistrySettings;
  /** With `settings.adminUserEnabled`, user name `name`. */
  readonly adminPassword: string;
  /** Repositories that may be pulled without credentials although `settings.anonymousPull` is off. */
  readonly publicRepositories: Set<string>;
  repositories(): Promise<string[]>;
  tags(repository: string): Promise<Map<string, string>>;
  manifest(repository: string, digest: string): Promise<Buffer | undefined>;
  /** Path of each stored file (blobs, links, tags, locks) with its SHA-256: equal trees are byte-identical registries. */
  digestTree(): Promise<Map<string, string>>;
}

/** One Azure container registry: a Distribution process and what Azure keeps beside it. */
export class AcrRegistry implements SandboxRegistry {
  readonly name: string;
  readonly loginServer: string;
  readonly dataHost: string;
  readonly subscription: Subscription;
  /** ARM id. */
  readonly id: string;
  readonly created = new Date();
  readonly key: SigningKey;
  readonly storage: RegistryStorage;
  readonly attributes: AttributeStore;
  readonly adminPassword = randomBytes(24).toString('base64url');
  readonly publicRepositories = new Set<string>();
  readonly settings: RegistrySettings = {
    adminUserEnabled: false,
    anonymousPull: false,
    referrersApi: true,
    referrersPageSize: 100,
    redirectBlobs: true,
    roleAssignmentMode: 'LegacyRegistryPermissions',
    sku: 'Premium',
    publicNetworkAccess: 'Enabled',
  };
  /** Set once the listener is up. */
  address = '';
  readonly #distribution: Distribution;

  private constructor(
    subscription: Subscription,
    key: SigningKey,
    distribution: Distribution,
    attributes: AttributeStore,
  ) {
    this.subscription = subscription;
    this.name = subscription.registry;
    this.loginServer = loginServer(this.name);
    this.dataHost = dataHost(this.name);
    this.id = registryId(subscription);
    this.key = key;
    this.#distribution = distribution;
    this.storage = new RegistryStorage(distribution.storageDirectory);
    this.attributes = attributes;
  }

  static async start(
    subscription: Subscription,
    key: SigningKey,
    binary: string,
    directory: string,
  ): Promise<AcrRegistry> {
    const server = loginServer(subscription.registry);
    const distribution = await startDistribution({
      binary,
      directory,
      realm: `https://${server}/oauth2/token`,
      service: server,
      issuer: registryTokenIssuer,
      keySet: key.keySet,
    });
    const attributes = await AttributeStore.open(join(distribution.storageDirectory, 'attributes.json'));
    return new AcrRegistry(subscription, key, distribution, attributes);
  }

  get port(): number {
    return this.#distribution.port;
  }

  get dataDirectory(): string {
    return this.#distribution.storageDirectory;
  }

  repositories(): Promise<string[]> {
    return this.storage.repositories();
  }

  tags(repository: string): Promise<Map<string, string>> {
    return this.storage.tags(repository);
  }

  manifest(repository: string, digest: string): Promise<Buffer | undefined> {
    return this.storage.manifest(repository, digest);
  }

  digestTree(): Promise<Map<string, string>> {
    return this.storage.digestTree();
  }

  /** A registry access token. `subject` is an object id, or '' for no one in particular. */
  issue(subject: string, access: readonly Access[], lifetime: number): Promise<string> {
    const now = seconds();
    return this.key.sign({
      iss: registryTokenIssuer,
      aud: this.loginServer,
      sub: subject,
      jti: randomBytes(12).toString('hex'),
      version: '2.0',
      grant_type: 'access_token',
      iat: now,
      nbf: now - 1,
      exp: now + lifetime,
      access,
      roles: [],
    });
  }

  /** For the facade's own requests to the process behind it. */
  internalToken(...access: readonly Access[]): Promise<string> {
    return this.issue('', access, 60);
  }

  stop(): Promise<void> {
    return this.#distribution.stop();
  }
}
