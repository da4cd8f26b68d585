import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceConnection } from './agent/service-connection.ts';
import { startAzure, type Azure } from './azure/azure.ts';
import { prepareGround, startCluster, type Cluster, type Ground, type NodesWanted } from './cluster/index.ts';
import { loginServer, subscriptions } from './names.ts';
import { createAuthority } from './pki.ts';
import type { Progress } from './progress.ts';
import { agentMachine, type AgentMachine } from './world/agent-environment.ts';
import { administer } from './world/cluster-access.ts';
import { serviceConnections } from './world/connections.ts';
import { prepareNamespace } from './world/namespace.ts';
import { ServiceProcesses } from './world/service-processes.ts';

export type ClusterRole = 'staging' | 'production';

export interface WorldOptions {
  /** Everything that the world writes is below it; what an earlier world left there is removed. */
  readonly directory: string;
  readonly nodes?: NodesWanted;
  readonly progress?: Progress;
  /** Aborted: whatever has been started so far is stopped, and starting fails with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A whole local world: Azure, two registries, two clusters, and the machine that the agent runs on. */
export interface World {
  readonly directory: string;
  readonly azure: Azure;
  readonly clusters: Readonly<Record<ClusterRole, Cluster>>;
  readonly serviceConnections: readonly ServiceConnection[];
  readonly agent: AgentMachine;
  readonly services: ServiceProcesses;
  /** Leaves no process and no interface; may be called twice. */
  stop(): Promise<void>;
}

/** Starts what does not depend on each other at once, and stops all of it again when any of it fails. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { directory, progress = () => undefined, signal } = options;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const stack = new Teardown();
  try {
    const ground = await prepareGround({ ...(options.nodes && { nodes: options.nodes }), progress });
    stack.add(() => ground.release());
    signal?.throwIfAborted();
    const authority = await createAuthority('Sandbox CA');
    const azure = await startAzure({ authority, directory, progress, bindAddress: ground.hostAddress });
    stack.add(() => azure.stop());
    signal?.throwIfAborted();
    const services = new ServiceProcesses(path.join(directory, 'services'));
    stack.add(() => services.stop());
    progress(`starting two clusters. ${ground.why}`);
    const clusters = await startClusters(ground, azure, services, options, stack);
    signal?.throwIfAborted();
    await introduce(azure, clusters);
    return {
      directory,
      azure,
      clusters,
      serviceConnections: serviceConnections(azure),
      agent: agentMachine(azure, Object.values(clusters)),
      services,
      stop: () => stack.run(),
    };
  } catch (error) {
    await stack.run();
    throw error;
  }
}

async function startClusters(
  ground: Ground,
  azure: Azure,
  services: ServiceProcesses,
  { directory, progress }: WorldOptions,
  stack: Teardown,
): Promise<Record<ClusterRole, Cluster>> {
  const exposure = await azure.expose(ground.hostAddress);
  const caPem = azure.authority.certificatePem;
  const { issuer, audience, discoveryUrl } = azure.entraIssuer;
  const start = async (name: ClusterRole): Promise<Cluster> => {
    const cluster = await startCluster({
      name,
      ground,
      directory: path.join(directory, 'clusters'),
      entra: { issuer, audience, caPem, discoveryUrl: discoveryUrl(ground.hostAddress) },
      egress: { proxyUrl: exposure.proxyUrl, caPem },
      // A stand-in gets no ConfigMap: the setting that the sample keeps there is the environment's name.
      simulate: (pod) => services.simulate(pod, { ENVIRONMENT: name }),
      ...(progress && { progress }),
    });
    stack.add(() => cluster.stop());
    return cluster;
  };
  // Both must have ended, well or not, before anything is torn down.
  const [staging, production] = await Promise.allSettled([start('staging'), start('production')]);
  if (staging.status === 'rejected') throw staging.reason;
  if (production.status === 'rejected') throw production.reason;
  return { staging: staging.value, production: production.value };
}

/** Makes the clusters known to Resource Manager, and the pipeline's identities to the clusters. */
async function introduce(azure: Azure, clusters: Record<ClusterRole, Cluster>): Promise<void> {
  const owners = {
    staging: { subscription: subscriptions.nonprod, identity: azure.identities.staging },
    production: { subscription: subscriptions.prod, identity: azure.identities.production },
  };
  await Promise.all(
    (['staging', 'production'] as const).map(async (role) => {
      const { subscription, identity } = owners[role];
      const { server, caPem, adminKubeconfig } = clusters[role];
      // A cluster that somebody brought does not know this world's Entra: it is reached by its own account.
      const localAccounts = !clusters[role].entra;
      azure.registerCluster(subscription.cluster, { server, caPem, adminKubeconfig, localAccounts });
      await prepareNamespace(administer(clusters[role]), {
        identity,
        registry: loginServer(subscription.registry),
      });
    }),
  );
}

/** What was started, to be stopped in the opposite order, once. */
class Teardown {
  #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    const steps = this.#steps.toReversed();
    this.#steps = [];
    const failures: unknown[] = [];
    for (const step of steps) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'the local world did not stop cleanly');
  }
}
