import { shortDigest, parseDigest } from '../../core/model/digest.ts';
import { loginServer, services, subscriptions, type ServiceName } from '../../sandbox/names.ts';
import { administer } from '../../sandbox/world/cluster-access.ts';
import { runningImages } from '../../sandbox/world/running.ts';
import type { ClusterRole, World } from '../../sandbox/world.ts';
import type { Terminal } from './terminal.ts';

/** Shows what runs where, read back from the clusters. */
export async function showWhatRuns(world: World, terminal: Terminal): Promise<void> {
  terminal.title('What runs where, read back from the clusters');
  const rows: string[][] = [['cluster', 'service', 'pods', 'image']];
  for (const role of ['staging', 'production'] as const) {
    const running = await runningImages(administer(world.clusters[role]));
    if (running.length === 0) rows.push([role, 'nothing', '', '']);
    for (const { service, registry, digest, ready } of running) {
      rows.push([role, service, `${ready} ready`, `${registry}/shop/${service}@${digest}`]);
    }
  }
  terminal.table(rows);
}

/** Holds what runs in a cluster to what CI pushed. Each line says what is not as it must be; none is the proof. */
export async function compareToCi(
  world: World,
  role: ClusterRole,
  pushed: ReadonlyMap<ServiceName, string>,
): Promise<readonly string[]> {
  const running = await runningImages(administer(world.clusters[role]));
  const registry = loginServer((role === 'staging' ? subscriptions.nonprod : subscriptions.prod).registry);
  return services.flatMap((service) => {
    const wanted = pushed.get(service) ?? '';
    const found = running.filter((image) => image.service === service);
    const [only] = found;
    if (only !== undefined && found.length === 1 && only.digest === wanted && only.registry === registry)
      return [];
    const actual = found.map(({ registry: from, digest }) => `${from} ${short(digest)}`).join(' and ');
    return [
      `${service} in ${role} runs ${actual === '' ? 'nothing' : actual}, not ${registry} ${short(wanted)}`,
    ];
  });
}

export function short(digest: string): string {
  return digest === '' ? 'no digest' : shortDigest(parseDigest(digest));
}
