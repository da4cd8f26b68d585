import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure, type Azure } from '../../../sandbox/azure/azure.ts';
import { prepareGround, startCluster, type Cluster } from '../../../sandbox/cluster/index.ts';
import { loginServer, subscriptions } from '../../../sandbox/names.ts';
import { createAuthority } from '../../../sandbox/pki.ts';
import { administer } from '../../../sandbox/world/cluster-access.ts';
import { prepareNamespace } from '../../../sandbox/world/namespace.ts';
import { AzureClient } from '../azure-client.ts';
import { startJob, type AgentJob } from './agent-job.ts';

/** A local Azure with one cluster that trusts its Entra, and a job to run tasks in. */
export interface IdentityWorld {
  readonly azure: Azure;
  readonly client: AzureClient;
  readonly cluster: Cluster;
  readonly job: AgentJob;
  stop(): Promise<void>;
}

/** @param localAccounts whether Azure gives out static credentials of the cluster */
export async function startIdentityWorld(options: {
  readonly nodes: 'auto' | 'simulated';
  readonly tasks: readonly string[];
  readonly localAccounts?: boolean;
}): Promise<IdentityWorld> {
  const opened: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of opened.splice(0).toReversed()) await close();
  };
  try {
    return { ...(await start(options, opened)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: Parameters<typeof startIdentityWorld>[0],
  opened: (() => Promise<void>)[],
): Promise<Omit<IdentityWorld, 'stop'>> {
  const directory = await mkdtemp(join(tmpdir(), 'identity-world-'));
  opened.push(() => rm(directory, { recursive: true, force: true }));
  const ground = await prepareGround({ nodes: options.nodes, environment: {} });
  opened.push(() => ground.release());
  const authority = await createAuthority('Local world of a test');
  const azure = await startAzure({ authority, directory, bindAddress: ground.hostAddress });
  opened.push(() => azure.stop());
  const exposure = await azure.expose(ground.hostAddress);
  const caPem = authority.certificatePem;
  const { issuer, audience, discoveryUrl } = azure.entraIssuer;
  const cluster = await startCluster({
    name: 'staging',
    ground,
    directory: join(directory, 'clusters'),
    entra: { issuer, audience, caPem, discoveryUrl: discoveryUrl(ground.hostAddress) },
    egress: { proxyUrl: exposure.proxyUrl, caPem },
  });
  opened.push(() => cluster.stop());
  const { server, caPem: clusterCa, adminKubeconfig } = cluster;
  const localAccounts = options.localAccounts ?? false;
  azure.registerCluster('shop-staging', { server, caPem: clusterCa, adminKubeconfig, localAccounts });
  await prepareNamespace(administer(cluster), {
    identity: azure.identities.staging,
    registry: loginServer(subscriptions.nonprod.registry),
  });
  const client = new AzureClient(azure);
  const job = await startJob(azure, options.tasks, [cluster]);
  opened.push(
    () => job.stop(),
    () => {
      client.close();
      return Promise.resolve();
    },
  );
  return { azure, client, cluster, job };
}
