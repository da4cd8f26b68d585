import type { ClusterName, IdentityName } from '../names.ts';
import type { Authority } from '../pki.ts';
import type { Progress } from '../progress.ts';
import type { SandboxRegistry } from './acr-registry.ts';
import type { ClusterRegistration } from './arm-clusters.ts';
import type { Directory, Identity } from './directory.ts';
import type { DevOps } from './devops.ts';
import type { FaultPlan } from './faults.ts';
import type { RequestLog } from './request-log.ts';
import type { RoleName } from './roles.ts';
import type { Service } from './router.ts';
import type { Settings } from './settings.ts';

export interface AzureOptions {
  readonly authority: Authority;
  /** The world's directory; everything of the facade is in `azure/` below it. */
  readonly directory: string;
  readonly progress?: Progress;
  /** One more address to listen at, see `expose`. */
  readonly bindAddress?: string;
  /** A registry binary to use instead of building the local world's own. */
  readonly registryBinary?: string;
  /** The proxy then wants them. */
  readonly proxyCredentials?: { readonly username: string; readonly password: string };
}

/** How the local Azure is reached at one address. */
export interface Exposure {
  readonly address: string;
  /** The listener that serves Entra's discovery to whoever has no name for it: `https://10.101.0.1:12345`. */
  readonly entra: string;
  /** `host:port` of each registry's direct listener. */
  readonly registries: { readonly nonprod: string; readonly prod: string };
  readonly proxyUrl: string;
}

/** The local Azure: one facade for the management planes, two registries, and the proxy in front of them. */
export interface Azure {
  /** `http://127.0.0.1:port` */
  readonly proxyUrl: string;
  readonly authority: Authority;
  /** The authority's certificate on disk. */
  readonly caPath: string;
  readonly registries: { readonly nonprod: SandboxRegistry; readonly prod: SandboxRegistry };
  readonly identities: Readonly<Record<IdentityName, Identity>>;
  readonly entraIssuer: {
    readonly issuer: string;
    readonly audience: string;
    /** The discovery document as whoever reaches us at this address finds it. @throws when it was not exposed */
    readonly discoveryUrl: (reachableHost: string) => string;
  };
  readonly directory: Directory;
  readonly access: {
    assign(identity: string, role: RoleName, scope: string): void;
    revoke(identity: string, role: RoleName, scope: string): void;
  };
  readonly devops: DevOps;
  readonly requests: RequestLog;
  readonly faults: FaultPlan;
  readonly settings: Settings;
  readonly exposures: ReadonlyMap<string, Exposure>;
  /** Listens at one more address of this machine: a bridge that nodes and API servers reach. */
  expose(address: string): Promise<Exposure>;
  registerCluster(name: ClusterName, cluster: ClusterRegistration): void;
  /** Serves one more HTTPS host behind the proxy. */
  addHost(name: string, service: Service): Promise<void>;
  stop(): Promise<void>;
}
