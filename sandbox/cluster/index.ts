import type { Cluster, ClusterOptions } from './cluster.ts';
import { openExternalCluster } from './external.ts';
import { startRealCluster } from './real-cluster.ts';
import { startSimulatedCluster } from './simulated-cluster.ts';

export type { Cluster, ClusterOptions } from './cluster.ts';
export type { EntraIssuer } from './control-plane.ts';
export { type Ground, type NodesWanted, prepareGround } from './ground.ts';
export type { Egress, RegistryEndpoint } from './node-configuration.ts';
export { checkPull } from './pull.ts';
export { logLine, type Simulate, type SimulatedPod, type Simulation } from './simulated-node.ts';

/** Starts a cluster, or checks the user's own; resolves when its nodes are Ready. Fails with a SandboxError. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { ground } = options;
  switch (ground.nodes) {
    case 'real':
      return startRealCluster(options, ground);
    case 'simulated':
      return startSimulatedCluster(options, ground);
    case 'external':
      return openExternalCluster(options, ground);
  }
}
