import { administer } from '../../sandbox/world/cluster-access.ts';
import {
  differences,
  settled,
  snapshotCluster,
  snapshotRegistry,
  type Snapshot,
} from '../../sandbox/world/snapshot.ts';
import type { World } from '../../sandbox/world.ts';

/** Everything in production: the objects of the shop's namespace, and every byte of the registry. */
export interface Production {
  readonly objects: Snapshot;
  readonly registry: Snapshot;
}

export async function snapshotProduction(world: World): Promise<Production> {
  const api = administer(world.clusters.production);
  return {
    objects: await settled(() => snapshotCluster(api)),
    registry: await snapshotRegistry(world.azure.registries.prod),
  };
}

export function changesIn(before: Production, after: Production): readonly string[] {
  return [...differences(before.objects, after.objects), ...differences(before.registry, after.registry)];
}
