import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startFaultProxy, type FaultProxy, type Passage } from '../support/registries/fault-proxy.ts';
import {
  startPlainRegistry,
  type PlainRegistry,
  type RegistryKind,
} from '../support/registries/plain-registry.ts';
import { RegistryContent } from '../support/registries/registry-content.ts';
import { imageOf, randomLayer, type StoredImage } from '../support/registries/stored-image.ts';

const script = fileURLToPath(new URL('../support/registries/promotion-process.ts', import.meta.url));

for (const kind of ['distribution', 'oci'] as readonly RegistryKind[]) {
  describe(`a promotion to ${kind} that is killed`, function () {
    this.timeout(120_000);
    let source: PlainRegistry;
    let target: PlainRegistry;
    let from: FaultProxy;
    let content: RegistryContent;
    let image: StoredImage;

    before(async () => {
      source = await startPlainRegistry('distribution');
      target = await startPlainRegistry(kind);
      // Slow enough to be caught in the act at any stage of the work.
      from = await startFaultProxy(source.host, async () => {
        await setTimeout(60);
        return undefined;
      });
      content = new RegistryContent(target.host);
      image = imageOf({ layers: Array.from({ length: 12 }, () => randomLayer(1_000_000)) });
      await new RegistryContent(source.host).push('shop/web', image);
    });

    after(async () => {
      await from.stop();
      await source.stop();
      await target.stop();
    });

    const start = (): ReturnType<typeof spawn> =>
      spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          script,
          from.host,
          target.host,
          'shop/web',
          image.root.digest,
          image.root.mediaType,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );

    const present = async (): Promise<ReadonlySet<string>> => {
      const found = await Promise.all(
        image.blobs.map(async ({ digest }) =>
          (await content.blob('shop/web', digest)) === undefined ? [] : [digest],
        ),
      );
      return new Set(found.flat());
    };

    it('at any moment leaves no tag, and moves nothing again that had arrived', async () => {
      for (const blobs of [1, 3, 5, 8]) {
        (from.passages as Passage[]).length = 0;
        const child = start();
        while (
          from.passages.filter(({ path, status }) => path.includes('/blobs/') && status === 200).length <
          blobs
        ) {
          assert.equal(child.exitCode, null, 'it was over before it could be killed');
          await setTimeout(2);
        }
        child.kill('SIGKILL');
        await once(child, 'close');
        assert.deepEqual(await content.tags('shop/web'), []);
        const arrived = await present();
        (from.passages as Passage[]).length = 0;
        const next = start();
        // Long enough to have asked for something, and killed as well.
        while (!from.passages.some(({ path }) => path.includes('/blobs/'))) await setTimeout(2);
        const asked = from.passages
          .filter(({ path }) => path.includes('/blobs/'))
          .map(({ path }) => path.split('/').at(-1) ?? '');
        next.kill('SIGKILL');
        await once(next, 'close');
        assert.deepEqual(
          asked.filter((digest) => arrived.has(digest)),
          [],
        );
      }
      const arrived = await present();
      assert.ok(arrived.size > 0 && arrived.size < image.blobs.length, `${arrived.size} blobs arrived`);
      (from.passages as Passage[]).length = 0;
      const last = start();
      await once(last, 'close');
      assert.equal(last.exitCode, 0);
      const moved = from.passages
        .filter(({ path }) => path.includes('/blobs/'))
        .map(({ path }) => path.split('/').at(-1) ?? '');
      assert.deepEqual(
        moved.filter((digest) => arrived.has(digest)),
        [],
      );
      assert.equal(await content.tag('shop/web', '1.0.0'), image.root.digest);
      assert.equal((await present()).size, image.blobs.length);
    });
  });
}
