import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startFaultProxy } from '../../test/support/registries/fault-proxy.ts';
import { RegistryContent } from '../../test/support/registries/registry-content.ts';
import { imageOf, randomLayer, type StoredImage } from '../../test/support/registries/stored-image.ts';
import type { Case } from './case.ts';
import { ours } from './contestants.ts';
import { emptyRegistry } from './ground.ts';
import { measure, median } from './measured.ts';
import type { Place } from './race.ts';

/** 50 images that share five layers and have one of their own each. */
export async function manyImages(place: Place): Promise<readonly Case[]> {
  const shared = Array.from({ length: 5 }, () => randomLayer(1024 * 1024));
  const images = new Map<string, StoredImage>(
    Array.from({ length: 50 }, (_, number) => [
      `bench/image${number}`,
      imageOf({ layers: [...shared, randomLayer(64 * 1024)], labels: { number: String(number) } }),
    ]),
  );
  const source = await emptyRegistry(place.directory, 'many');
  try {
    const content = new RegistryContent(source.host);
    for (const [repository, image] of images) await content.push(repository, image, ['1']);
    const times = new Map<number, number>();
    let uploads = 0;
    for (const count of [10, 50]) {
      const some = new Map([...images].slice(0, count));
      const seconds: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const result = await promoteAll(place, source.host, some);
        seconds.push(result.seconds);
        uploads = result.uploads;
      }
      times.set(count, median(seconds));
    }
    const needed = 5 + 50 + 50;
    const growth = (times.get(50) ?? 0) / (times.get(10) ?? 1);
    return [
      {
        name: 'd: 50 images, blobs sent',
        unit: 'blobs',
        ours: uploads,
        peers: {},
        ratio: uploads / needed,
        target: 1,
      },
      {
        name: 'd: 50 images by the time of 10',
        unit: 'times',
        ours: growth,
        peers: {},
        ratio: growth / 5,
        target: 1,
      },
    ];
  } finally {
    await source.stop();
  }
}

async function promoteAll(
  place: Place,
  source: string,
  images: ReadonlyMap<string, StoredImage>,
): Promise<{ seconds: number; uploads: number }> {
  const target = await emptyRegistry(place.directory, 'many-target');
  const to = await startFaultProxy(target.host);
  const directory = join(place.directory, 'ours');
  try {
    const work = { source, target: to.host, images, tag: '1', authority: undefined };
    const { seconds } = await measure(ours(place.bundle, work, directory), (output) =>
      output.includes('task.complete result=Succeeded'),
    );
    const uploads = to.passages.filter(
      ({ method, path, status }) => method === 'PUT' && path.includes('/blobs/uploads/') && status === 201,
    ).length;
    return { seconds, uploads };
  } finally {
    await to.stop();
    await target.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
