import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { startFaultProxy, type FaultProxy, type Passage } from '../../test/support/registries/fault-proxy.ts';
import { imageOf, randomLayer } from '../../test/support/registries/stored-image.ts';
import { RegistryContent } from '../../test/support/registries/registry-content.ts';
import type { Case } from './case.ts';
import { ours, peer } from './contestants.ts';
import { emptyRegistry } from './ground.ts';
import { measure } from './measured.ts';
import { seed, workOf, type Place } from './race.ts';
import { platformImage } from './samples.ts';

/** How many requests both registries see for the work of case b. Counted once: it does not vary with the machine. */
export async function countRequests(place: Place): Promise<Case> {
  const sample = platformImage();
  const directory = join(place.directory, 'counted');
  const source = await seed(directory, sample);
  const counts = new Map<string, number>();
  try {
    for (const name of ['ours', 'regctl', 'oras', 'crane'] as const) {
      const target = await emptyRegistry(place.directory, 'counted-target');
      const [from, to] = [await startFaultProxy(source.host), await startFaultProxy(target.host)];
      try {
        const work = workOf(from.host, to.host, sample.image);
        const command =
          name === 'ours'
            ? ours(place.bundle, work, join(place.directory, 'ours'))
            : peer(name, place.tools.get(name) ?? name, work);
        await measure(command);
        if (process.env['BENCH_REQUESTS'] === name) print(from, to);
        const referrers = await new RegistryContent(target.host).referrers(
          'bench/image',
          sample.image.root.digest,
        );
        if (name !== 'crane' && referrers.length !== 4)
          throw new Error(`${name} carried ${referrers.length} of 4 referrers`);
        counts.set(name, from.passages.length + to.passages.length);
      } finally {
        await from.stop();
        await to.stop();
        await target.stop();
      }
    }
  } finally {
    await source.stop();
    await rm(directory, { recursive: true, force: true });
  }
  const { ours: mine = 0, ...peers } = Object.fromEntries(counts);
  return { name: 'b: requests', unit: 'requests', ours: mine, peers, ratio: mine / 170, target: 1 };
}

function print(from: FaultProxy, to: FaultProxy): void {
  const show = (name: string, passages: readonly Passage[]): void => {
    for (const { method, path, status } of passages) console.log(name, method, path.slice(0, 100), status);
  };
  show('source', from.passages);
  show('target', to.passages);
}

/** The second promotion of a release of which one layer in ten is new: what passes the wire beside that layer. */
export async function secondPromotion(place: Place): Promise<Case> {
  const layers = Array.from({ length: 10 }, () => randomLayer(2 * 1024 * 1024));
  const first = imageOf({ layers });
  const second = imageOf({ layers: [...layers.slice(1), randomLayer(2 * 1024 * 1024)] });
  const directory = join(place.directory, 'second');
  const source = await seed(directory, { image: first });
  const target = await emptyRegistry(place.directory, 'second-target');
  const to = await startFaultProxy(target.host);
  try {
    await new RegistryContent(source.host).push('bench/image', second, ['2']);
    await measure(ours(place.bundle, workOf(source.host, to.host, first), join(place.directory, 'ours')));
    const seen = to.passages.length;
    const work = { ...workOf(source.host, to.host, second), tag: '2' };
    await measure(ours(place.bundle, work, join(place.directory, 'ours')));
    const sent = to.passages.slice(seen).reduce((sum, passage) => sum + passage.received, 0);
    const [config] = second.blobs;
    // The layer, its configuration, and the manifest once by digest and once by tag.
    const needed = 2 * 1024 * 1024 + (config?.bytes.length ?? 0) + 2 * second.root.bytes.length;
    return {
      name: 'c: one new layer in ten',
      unit: 'bytes',
      ours: sent,
      peers: {},
      ratio: sent / needed,
      target: 1,
    };
  } finally {
    await to.stop();
    await target.stop();
    await source.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
