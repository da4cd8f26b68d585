import type { Cluster, ClusterOptions } from './cluster.ts';
import type { ExternalGround } from './ground.ts';

export async function openExternalCluster(
  _options: ClusterOptions,
  _ground: ExternalGround,
): Promise<Cluster> {
  return Promise.reject(new Error('not yet'));
}
