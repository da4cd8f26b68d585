import assert from 'node:assert/strict';
import {
  startFaultProxy,
  type FaultProxy,
  type Mischief,
  type Passage,
} from '../support/registries/fault-proxy.ts';
import {
  startPlainRegistry,
  type PlainRegistry,
  type RegistryKind,
} from '../support/registries/plain-registry.ts';
import { promoteWith, promotionRequest } from '../support/registries/promotion-fixture.ts';
import { RegistryContent } from '../support/registries/registry-content.ts';
import { artifactOf, imageOf, randomLayer, type StoredImage } from '../support/registries/stored-image.ts';

const megabyte = 1_000_000;

const isBlobGet = ({ method, path }: Passage): boolean => method === 'GET' && /\/blobs\/sha/.test(path);
const isUpload = ({ method, path }: Passage): boolean => method === 'PUT' && path.includes('/blobs/uploads/');

/** True the first time for each path. */
function firstOfEach(matches: (passage: Passage) => boolean): (passage: Passage) => boolean {
  const seen = new Set<string>();
  return (passage) => {
    if (!matches(passage) || seen.has(passage.path)) return false;
    seen.add(passage.path);
    return true;
  };
}

function times(count: number, matches: (passage: Passage) => boolean): (passage: Passage) => boolean {
  let left = count;
  return (passage) => matches(passage) && left-- > 0;
}

for (const kind of ['distribution', 'oci'] as readonly RegistryKind[]) {
  describe(`promotion to ${kind} when things go wrong`, function () {
    this.timeout(120_000);
    let source: PlainRegistry;
    let target: PlainRegistry;
    let sourceProxy: FaultProxy;
    let targetProxy: FaultProxy;
    let from: RegistryContent;
    let to: RegistryContent;
    let image: StoredImage;
    let round = 0;
    let repository: string;

    before(async function () {
      this.timeout(600_000);
      source = await startPlainRegistry('distribution');
      target = await startPlainRegistry(kind);
      from = new RegistryContent(source.host);
      to = new RegistryContent(target.host);
      sourceProxy = await startFaultProxy(source.host);
      targetProxy = await startFaultProxy(target.host);
    });

    after(async () => {
      await sourceProxy.stop();
      await targetProxy.stop();
      await source.stop();
      await target.stop();
    });

    beforeEach(async () => {
      round += 1;
      repository = `shop/round${round}`;
      image = imageOf({ layers: [12, 11, 3, 2, 1].map((size) => randomLayer(size * megabyte)) });
      await from.push(repository, image);
      sourceProxy.mischief = targetProxy.mischief = () => undefined;
      (sourceProxy.passages as Passage[]).length = 0;
      (targetProxy.passages as Passage[]).length = 0;
    });

    const promoteIt = (more = {}): ReturnType<typeof promoteWith> =>
      promoteWith(
        promotionRequest(sourceProxy.host, targetProxy.host, [{ name: 'web', repository, image }], more),
      );

    async function requireComplete(): Promise<void> {
      for (const blob of image.blobs) assert.deepEqual(await to.blob(repository, blob.digest), blob.bytes);
      assert.equal(await to.tag(repository, '1.0.0'), image.root.digest);
    }

    const gets = (): readonly Passage[] => sourceProxy.passages.filter(isBlobGet);
    const uploaded = (): number =>
      targetProxy.passages.reduce(
        (sum, passage) =>
          sum + (passage.method === 'PUT' && passage.path.includes('/blobs/') ? passage.received : 0),
        0,
      );

    const transient: readonly { name: string; at: 'source' | 'target'; make: () => Mischief }[] = [
      {
        name: 'the first six requests are answered 429 with Retry-After',
        at: 'target',
        make: () => {
          const hit = times(6, () => true);
          return (passage) =>
            hit(passage) ? { kind: 'status', status: 429, headers: { 'retry-after': '2' } } : undefined;
        },
      },
      {
        name: 'every seventh request is answered 429',
        at: 'target',
        make: () => {
          let count = 0;
          return () => (++count % 7 === 0 ? { kind: 'status', status: 429 } : undefined);
        },
      },
      {
        name: 'the manifest is answered 503 once',
        at: 'target',
        make: () => {
          const hit = times(1, ({ method, path }) => method === 'PUT' && path.includes('/manifests/'));
          return (passage) => (hit(passage) ? { kind: 'status', status: 503 } : undefined);
        },
      },
      {
        name: 'every blob is answered 503 once',
        at: 'source',
        make: () => {
          const hit = firstOfEach(isBlobGet);
          return (passage) => (hit(passage) ? { kind: 'status', status: 503 } : undefined);
        },
      },
      {
        name: 'every download is cut at 5 MB',
        at: 'source',
        make: () => (passage) =>
          isBlobGet(passage) ? { kind: 'cutAnswer', after: 5 * megabyte } : undefined,
      },
      {
        name: 'one upload is cut at 5 MB',
        at: 'target',
        make: () => {
          let left = 1;
          return (passage, headers) =>
            isUpload(passage) && Number(headers['content-length']) > 5 * megabyte && left-- > 0
              ? { kind: 'cutUpload', after: 5 * megabyte }
              : undefined;
        },
      },
      {
        name: 'five uploads are reset at once',
        at: 'target',
        make: () => {
          const hit = times(5, isUpload);
          return (passage) => (hit(passage) ? { kind: 'reset' } : undefined);
        },
      },
      {
        name: 'manifests are answered 408, then cut',
        at: 'source',
        make: () => {
          const isManifest = ({ method, path }: Passage): boolean =>
            method === 'GET' && path.includes('/manifests/sha');
          const [refused, cut] = [times(1, isManifest), times(1, isManifest)];
          return (passage) =>
            refused(passage)
              ? { kind: 'status', status: 408 }
              : cut(passage)
                ? { kind: 'cutAnswer', after: 100 }
                : undefined;
        },
      },
    ];

    for (const { name, at, make } of transient) {
      it(`completes when ${name}`, async () => {
        (at === 'source' ? sourceProxy : targetProxy).mischief = make();
        await promoteIt();
        await requireComplete();
      });
    }

    it('goes on from the byte where a download broke', async () => {
      const hit = firstOfEach(isBlobGet);
      sourceProxy.mischief = (passage) =>
        hit(passage) ? { kind: 'cutAnswer', after: 5 * megabyte } : undefined;
      await promoteIt();
      await requireComplete();
      const received = gets().reduce((sum, passage) => sum + passage.sent, 0);
      assert.ok(
        received < image.blobs.reduce((sum, blob) => sum + blob.bytes.length, 0) + 100,
        `${received} bytes`,
      );
    });

    if (kind === 'distribution') {
      it('goes on from the byte up to which an upload was kept', async () => {
        let left = 1;
        targetProxy.mischief = (passage, headers) =>
          isUpload(passage) && Number(headers['content-length']) > 10 * megabyte && left-- > 0
            ? { kind: 'cutUpload', after: 9 * megabyte }
            : undefined;
        await promoteIt();
        await requireComplete();
        const total = image.blobs.reduce((sum, blob) => sum + blob.bytes.length, 0);
        assert.ok(uploaded() < total + 2 * megabyte, `${uploaded()} bytes for ${total}`);
      });
    }

    it('lets a 429 of one transfer hold back all the others', async () => {
      let until = 0;
      const early: string[] = [];
      const hit = times(1, isUpload);
      targetProxy.mischief = (passage) => {
        // A tenth of a second: pauses of these tests are a tenth as long.
        if (Date.now() < until - 10) early.push(`${passage.method} ${passage.path}`);
        if (!hit(passage)) return undefined;
        until = Date.now() + 300;
        return { kind: 'status', status: 429, headers: { 'retry-after': '3' } };
      };
      await promoteIt({ concurrency: 2 });
      await requireComplete();
      // Requests that were on the wire already, at most one for each of the two transfers.
      assert.ok(early.length <= 2, early.join('\n'));
    });

    it('never completes a blob of which a byte was flipped, and sets no tag', async () => {
      const [, victim] = image.blobs;
      assert.ok(victim);
      sourceProxy.mischief = (passage) =>
        passage.path.includes(victim.digest) ? { kind: 'flip', at: 5_000_000 } : undefined;
      await assert.rejects(promoteIt(), { code: 'DigestMismatch' });
      assert.equal(await to.blob(repository, victim.digest), undefined);
      assert.deepEqual(await to.tags(repository), []);
      assert.equal(await to.manifest(repository, image.root.digest), undefined);
    });

    it('refuses a manifest of which a byte was flipped', async () => {
      sourceProxy.mischief = ({ path }) =>
        path.includes('/manifests/sha') ? { kind: 'flip', at: 30 } : undefined;
      await assert.rejects(promoteIt(), { code: 'DigestMismatch' });
    });

    it('says that the target is full, at once, and sets no tag', async () => {
      targetProxy.mischief = (passage) =>
        isUpload(passage)
          ? {
              kind: 'status',
              status: 500,
              body: '{"errors":[{"code":"UNKNOWN","message":"write: no space left on device"}]}',
            }
          : undefined;
      await assert.rejects(promoteIt(), (error: Error & { hint?: string }) => /room/.test(error.hint ?? ''));
      assert.ok(targetProxy.passages.filter(isUpload).length <= image.blobs.length);
      assert.deepEqual(await to.tags(repository), []);
    });

    it('moves only what is missing when it runs again after a failure', async () => {
      const [, , , , small] = image.blobs;
      assert.ok(small);
      sourceProxy.mischief = ({ path }) =>
        path.includes(small.digest) ? { kind: 'status', status: 404 } : undefined;
      await assert.rejects(promoteIt({ concurrency: 1 }), { code: 'ImageNotFound' });
      sourceProxy.mischief = () => undefined;
      (sourceProxy.passages as Passage[]).length = 0;
      const before = await Promise.all(
        image.blobs.map(async (blob) => (await to.blob(repository, blob.digest)) !== undefined),
      );
      const missing = image.blobs.filter((_, index) => before[index] !== true).map((blob) => blob.digest);
      await promoteIt({ concurrency: 1 });
      await requireComplete();
      const asked = gets()
        .filter(({ sent }) => sent > 0)
        .map(({ path }) => path.split('/').at(-1));
      assert.deepEqual(asked.sort(), missing.sort());
      assert.ok(missing.length < image.blobs.length);
    });

    it('sends large blobs in pieces to a registry that refuses them whole', async () => {
      targetProxy.mischief = (passage, headers) =>
        isUpload(passage) && Number(headers['content-length'] ?? 0) > 4 * megabyte
          ? { kind: 'status', status: 413 }
          : passage.method === 'PATCH' && Number(headers['content-length'] ?? 0) > 4 * megabyte
            ? { kind: 'status', status: 413 }
            : undefined;
      await promoteIt();
      await requireComplete();
      assert.ok(targetProxy.passages.some(({ method }) => method === 'PATCH'));
    });

    it('is refused when another pipeline sets the tag meanwhile', async () => {
      const other = artifactOf('application/example', Buffer.from('other'));
      let left = 1;
      targetProxy.mischief = async ({ method, path }) => {
        if (method === 'PUT' && path.includes('/manifests/') && left-- > 0)
          await to.push(repository, other, ['1.0.0']);
        return undefined;
      };
      await assert.rejects(promoteIt(), { code: 'TagConflict' });
      assert.equal(await to.tag(repository, '1.0.0'), other.root.digest);
    });
  });
}
