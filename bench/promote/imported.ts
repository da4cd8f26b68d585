import { smallImage } from '../../test/support/azure-fixture.ts';
import { startRegistryTasks } from '../../test/support/registries/registry-tasks.ts';
import type { Case } from './case.ts';

/** An import between two registries of the local Azure: the bytes of blobs that the agent sees. */
export async function importBytes(): Promise<Case> {
  const tasks = await startRegistryTasks();
  try {
    await tasks.push(await smallImage('bench'), 'bench/image', '1');
    const resolved = await tasks.task('resolve-artifact', {
      containerRegistry: 'shop-ci',
      images: 'image=bench/image:1',
      releaseName: '1',
    });
    tasks.azure.requests.clear();
    const promoted = await tasks.task('promote-image', {
      sourceRegistry: 'shop-promotion-source',
      containerRegistry: 'shop-promotion',
      mode: 'import',
      statement: 'false',
    });
    for (const { result, lines } of [resolved, promoted])
      if (result !== 'succeeded') throw new Error(lines.join('\n'));
    const bytes = tasks.azure.requests.entries
      .filter(({ host, path }) => path.includes('/blobs/') || host.includes('.data.'))
      .reduce((sum, { method, sent, received }) => sum + (method === 'HEAD' ? 0 : sent + received), 0);
    return {
      name: 'import: blob bytes through the agent',
      unit: 'bytes',
      ours: bytes,
      peers: {},
      ratio: bytes,
      target: 0,
    };
  } finally {
    await tasks.stop();
  }
}
