import { join } from 'node:path';
import {
  aksServerApplication,
  hosts,
  identities as identityIds,
  subscriptions,
  tenant,
  type ClusterName,
  type IdentityName,
} from '../names.ts';
import type { Authority } from '../pki.ts';
import { createDataHost } from './acr-data.ts';
import { createFront } from './acr-front.ts';
import { AcrRegistry } from './acr-registry.ts';
import { AcrTokens } from './acr-token.ts';
import { createArm } from './arm.ts';
import type { ClusterRegistration, RegisteredCluster } from './arm-clusters.ts';
import { Operations } from './arm-operations.ts';
import { Directory, type Identity } from './directory.ts';
import { createArtifactHost, createDevOps, createDevOpsTokenHost } from './devops-api.ts';
import { connectionSubject, oidcAudience } from './devops-oidc.ts';
import { DevOps, devopsIssuer } from './devops.ts';
import { accessTokenIssuer, createEntra } from './entra.ts';
import { FaultPlan } from './faults.ts';
import type { Azure, AzureOptions, Exposure } from './interface.ts';
import { listen, type Listener } from './listener.ts';
import { startProxy } from './proxy.ts';
import { RequestLog } from './request-log.ts';
import { assignRoles } from './role-assignments.ts';
import { AccessControl, type RoleName } from './roles.ts';
import type { Service } from './router.ts';
import { defaultSettings } from './settings.ts';
import { createSigningKey } from './tokens.ts';

type Keys = Awaited<ReturnType<typeof createKeys>>;

/** Whatever signs tokens has a key of its own. */
export async function createKeys() {
  const [entra, registry, devops] = await Promise.all([
    createSigningKey(),
    createSigningKey(),
    createSigningKey(),
  ]);
  return { entra, registry, devops };
}

/** See `Azure`. */
export class LocalAzure implements Azure {
  readonly authority: Authority;
  readonly caPath: string;
  readonly directory = new Directory();
  readonly devops: DevOps;
  readonly requests = new RequestLog();
  readonly faults = new FaultPlan();
  readonly settings = defaultSettings();
  readonly exposures = new Map<string, Exposure>();
  readonly #options: AzureOptions;
  readonly #directory: string;
  readonly #keys: Keys;
  readonly #control = new AccessControl();
  readonly #clusters = new Map<string, RegisteredCluster>();
  readonly #operations = new Operations(this.settings);
  readonly #tokens: AcrTokens;
  readonly #services = new Map<string, Service>();
  /** Host names that have a listener of their own, with its loopback port. */
  readonly #ports = new Map<string, number>();
  /** What a stop has to close: listeners, proxies, registry processes. */
  readonly #open: { close(): Promise<void> }[] = [];
  #registries: { nonprod: AcrRegistry; prod: AcrRegistry } | undefined;

  constructor(options: AzureOptions, caPath: string, directory: string, keys: Keys) {
    this.authority = options.authority;
    this.caPath = caPath;
    this.#options = options;
    this.#directory = directory;
    this.#keys = keys;
    this.devops = new DevOps(keys.devops, join(directory, 'devops'));
    this.#tokens = new AcrTokens({
      directory: this.directory,
      access: this.#control,
      settings: this.settings,
      entraKey: keys.entra,
    });
    assignRoles(this.access);
    for (const ids of Object.values(identityIds)) {
      this.directory.byClientId(ids.clientId)?.federatedCredentials.push({
        issuer: devopsIssuer,
        subject: connectionSubject(ids),
        audience: oidcAudience,
      });
    }
  }

  readonly access = {
    assign: (identity: string, role: RoleName, scope: string): void => {
      this.#control.assign(this.directory.byName(identity).identity.objectId, role, scope);
    },
    revoke: (identity: string, role: RoleName, scope: string): void => {
      this.#control.revoke(this.directory.byName(identity).identity.objectId, role, scope);
    },
  };

  async start(binary: string): Promise<void> {
    const key = this.#keys.registry;
    const start = async (of: 'nonprod' | 'prod'): Promise<AcrRegistry> => {
      const { registry } = subscriptions[of];
      const started = await AcrRegistry.start(
        subscriptions[of],
        key,
        binary,
        join(this.#directory, registry),
      );
      this.#open.push({ close: () => started.stop() });
      return started;
    };
    const [nonprod, prod] = await Promise.all([start('nonprod'), start('prod')]);
    this.#registries = { nonprod, prod };
    this.#addServices([nonprod, prod]);
    await this.expose('127.0.0.1');
    if (this.#options.bindAddress !== undefined) await this.expose(this.#options.bindAddress);
  }

  get registries(): { nonprod: AcrRegistry; prod: AcrRegistry } {
    if (this.#registries === undefined) throw new Error('the local Azure has not been started');
    return this.#registries;
  }

  get proxyUrl(): string {
    return this.#exposure('127.0.0.1').proxyUrl;
  }

  get identities(): Record<IdentityName, Identity> {
    const of = (name: IdentityName): Identity => this.directory.byName(name).identity;
    return { ci: of('ci'), staging: of('staging'), promotion: of('promotion'), production: of('production') };
  }

  readonly entraIssuer = {
    issuer: accessTokenIssuer,
    audience: aksServerApplication,
    discoveryUrl: (host: string): string =>
      `${this.#exposure(host).entra}/${tenant.id}/.well-known/openid-configuration`,
  };

  async expose(address: string): Promise<Exposure> {
    const known = this.exposures.get(address);
    if (known !== undefined) return known;
    const cloud = await this.#listen(address, [...this.#services.keys()], (exchange) =>
      this.#serve(exchange),
    );
    if (address === '127.0.0.1') for (const name of this.#services.keys()) this.#ports.set(name, cloud.port);
    const { nonprod, prod } = this.registries;
    const direct = async (registry: AcrRegistry): Promise<string> => {
      const front = this.#services.get(registry.loginServer) ?? notFound;
      const { port } = await this.#listen(address, [registry.loginServer], front);
      return `${address}:${port}`;
    };
    const registries = { nonprod: await direct(nonprod), prod: await direct(prod) };
    if (address === '127.0.0.1') {
      nonprod.address = registries.nonprod;
      prod.address = registries.prod;
    }
    const proxy = await startProxy({
      address,
      route: (host) => this.#ports.get(host),
      credentials: this.#options.proxyCredentials,
      requests: this.requests,
    });
    this.#open.push(proxy);
    const exposure = {
      address,
      entra: `https://${address}:${cloud.port}`,
      registries,
      proxyUrl: `http://${address}:${proxy.port}`,
    };
    this.exposures.set(address, exposure);
    return exposure;
  }

  registerCluster(name: ClusterName, cluster: ClusterRegistration): void {
    const subscription = name === 'shop-staging' ? subscriptions.nonprod : subscriptions.prod;
    this.#clusters.set(name, { ...cluster, name, subscription });
  }

  async addHost(name: string, service: Service): Promise<void> {
    const { port } = await this.#listen('127.0.0.1', [name], service);
    this.#ports.set(name, port);
  }

  async stop(): Promise<void> {
    await this.#operations.settled();
    await Promise.all(this.#open.map((opened) => opened.close()));
  }

  #addServices(registries: readonly AcrRegistry[]): void {
    const shared = { directory: this.directory, access: this.#control, settings: this.settings };
    const entra = createEntra({
      ...shared,
      key: this.#keys.entra,
      issuers: [{ issuer: devopsIssuer, key: this.#keys.devops }],
    });
    this.#services.set(hosts.login, entra);
    this.#services.set('sts.windows.net', entra);
    this.#services.set(
      hosts.management,
      createArm({
        ...shared,
        entraKey: this.#keys.entra,
        registries,
        clusters: this.#clusters,
        tokens: this.#tokens,
        operations: this.#operations,
      }),
    );
    this.#services.set(hosts.devops, createDevOps(this.devops, this.settings));
    this.#services.set(hosts.devopsTokens, createDevOpsTokenHost(this.devops));
    this.#services.set(hosts.artifacts, createArtifactHost(this.devops));
    for (const registry of registries) {
      this.#services.set(
        registry.loginServer,
        createFront({ registry, tokens: this.#tokens, settings: this.settings }),
      );
      this.#services.set(registry.dataHost, createDataHost(registry));
    }
  }

  /** By the name the client addressed; whoever addressed an IP can only be an API server that looks for Entra's keys. */
  async #serve(exchange: Parameters<Service>[0]): Promise<void> {
    const service = this.#services.get(exchange.host) ?? this.#services.get(hosts.login) ?? notFound;
    await service(exchange);
  }

  async #listen(address: string, names: readonly string[], serve: Service): Promise<Listener> {
    const { authority, faults, requests } = this;
    const listener = await listen({ authority, address, names, serve, faults, requests });
    this.#open.push(listener);
    return listener;
  }

  #exposure(address: string): Exposure {
    const found = this.exposures.get(address);
    if (found === undefined)
      throw new Error(`the local Azure is not exposed at ${address}: call expose first`);
    return found;
  }
}

const notFound: Service = (exchange) => exchange.send(404, {});
