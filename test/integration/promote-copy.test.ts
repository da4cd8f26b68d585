import assert from 'node:assert/strict';
import { RegistryContent } from '../support/registries/registry-content.ts';
import {
  startPlainRegistry,
  type PlainRegistry,
  type RegistryKind,
} from '../support/registries/plain-registry.ts';
import { promoteWith, promotionRequest } from '../support/registries/promotion-fixture.ts';
import {
  artifactOf,
  imageOf,
  indexOf,
  randomLayer,
  stored,
  types,
  type StoredImage,
} from '../support/registries/stored-image.ts';

const kinds: readonly RegistryKind[] = ['distribution', 'oci'];

for (const sourceKind of kinds) {
  for (const targetKind of kinds) {
    describe(`promotion from ${sourceKind} to ${targetKind}`, () => {
      let source: PlainRegistry;
      let target: PlainRegistry;
      let from: RegistryContent;
      let to: RegistryContent;

      before(async function () {
        this.timeout(600_000);
        source = await startPlainRegistry(sourceKind);
        target = await startPlainRegistry(targetKind);
        from = new RegistryContent(source.host);
        to = new RegistryContent(target.host);
      });

      after(async () => {
        await source.stop();
        await target.stop();
      });

      async function requireEqual(repository: string, image: StoredImage): Promise<void> {
        for (const manifest of image.manifests) {
          assert.deepEqual(await to.manifest(repository, manifest.digest), manifest.bytes);
        }
        for (const blob of image.blobs) assert.deepEqual(await to.blob(repository, blob.digest), blob.bytes);
      }

      it('carries an index with all platforms and tags it last', async () => {
        const image = twoPlatforms();
        await from.push('shop/web', image, ['ci']);
        const outcome = await promoteWith(
          promotionRequest(source.host, target.host, [{ name: 'web', repository: 'shop/web', image }]),
        );
        await requireEqual('shop/web', image);
        assert.equal(await to.tag('shop/web', '1.0.0'), image.root.digest);
        assert.equal(outcome.promotions[0]?.digest, image.root.digest);
      });

      it('carries what is attached to the index, to a platform and to an attachment', async () => {
        const image = twoPlatforms();
        await from.push('shop/signed', image);
        const bill = artifactOf('application/spdx+json', Buffer.from('{"spdx":1}'), image.root);
        const signature = artifactOf('application/vnd.example.signature', Buffer.from('signed'), bill.root);
        const [child] = image.manifests;
        assert.ok(child);
        const attestation = artifactOf('application/vnd.in-toto+json', Buffer.from('{"predicate":1}'), child);
        await from.attach('shop/signed', bill, image.root);
        await from.attach('shop/signed', signature, bill.root);
        await from.attach('shop/signed', attestation, child);
        await promoteWith(
          promotionRequest(source.host, target.host, [{ name: 'signed', repository: 'shop/signed', image }]),
        );
        for (const artifact of [bill, signature, attestation]) await requireEqual('shop/signed', artifact);
        assert.deepEqual(await to.referrers('shop/signed', image.root.digest), [bill.root.digest]);
        assert.deepEqual(await to.referrers('shop/signed', bill.root.digest), [signature.root.digest]);
        assert.deepEqual(await to.referrers('shop/signed', child.digest), [attestation.root.digest]);
      });

      it("carries cosign's older tags with their images", async () => {
        const image = imageOf({ layers: [randomLayer(2000)] });
        await from.push('shop/cosigned', image);
        const signature = imageOf({
          layers: [stored('application/vnd.dev.cosign.simplesigning.v1+json', Buffer.from('{"critical":1}'))],
        });
        const tag = `${image.root.digest.replace(':', '-')}.sig`;
        await from.push('shop/cosigned', signature, [tag]);
        await promoteWith(
          promotionRequest(source.host, target.host, [
            { name: 'cosigned', repository: 'shop/cosigned', image },
          ]),
        );
        assert.equal(await to.tag('shop/cosigned', tag), signature.root.digest);
        await requireEqual('shop/cosigned', signature);
      });

      it('carries an artifact without layers, an empty blob and an index within an index', async () => {
        const empty = stored(types.layer, Buffer.alloc(0));
        const config = stored(types.empty, Buffer.from('{}'));
        const bare = imageOf({ layers: [] });
        const inner = indexOf([{ image: imageOf({ layers: [empty, randomLayer(300)] }) }]);
        const image = indexOf([{ image: bare }, { image: inner }]);
        await from.push('shop/odd', { ...image, blobs: [...image.blobs, config] });
        await promoteWith(
          promotionRequest(source.host, target.host, [{ name: 'odd', repository: 'shop/odd', image }]),
        );
        await requireEqual('shop/odd', image);
      });

      it('moves nothing and still tags when the target already holds the digest', async () => {
        const image = twoPlatforms();
        await from.push('shop/there', image);
        await to.push('shop/there', image, ['other']);
        const outcome = await promoteWith(
          promotionRequest(source.host, target.host, [{ name: 'there', repository: 'shop/there', image }]),
        );
        assert.equal(outcome.plan.blobs.moved.count, 0);
        assert.equal(outcome.promotions[0]?.bytes, 0);
        assert.equal(await to.tag('shop/there', '1.0.0'), image.root.digest);
      });

      it('refuses to move a tag, and moves it when that is allowed', async () => {
        const [older, newer] = [
          imageOf({ layers: [randomLayer(10)] }),
          imageOf({ layers: [randomLayer(11)] }),
        ];
        await from.push('shop/moved', newer);
        await to.push('shop/moved', older, ['1.0.0']);
        const request = promotionRequest(source.host, target.host, [
          { name: 'moved', repository: 'shop/moved', image: newer },
        ]);
        await assert.rejects(promoteWith(request), { code: 'TagConflict' });
        assert.equal(await to.tag('shop/moved', '1.0.0'), older.root.digest);
        assert.equal(await to.manifest('shop/moved', newer.root.digest), undefined);
        await promoteWith({ ...request, allowTagMove: true });
        assert.equal(await to.tag('shop/moved', '1.0.0'), newer.root.digest);
      });

      it('changes nothing in a dry run', async () => {
        const image = twoPlatforms();
        await from.push('shop/dry', image);
        const outcome = await promoteWith(
          promotionRequest(source.host, target.host, [{ name: 'dry', repository: 'shop/dry', image }], {
            dryRun: true,
          }),
        );
        assert.equal(outcome.promotions.length, 0);
        assert.equal(await to.manifest('shop/dry', image.root.digest), undefined);
      });

      it('fails without a tag when a platform is missing at the source', async () => {
        const image = twoPlatforms();
        const [first, , root] = image.manifests;
        assert.ok(first && root);
        if (sourceKind === 'distribution')
          await from.push('shop/gap', { ...image, manifests: [first, root] }).catch(() => undefined);
        await assert.rejects(
          promoteWith(
            promotionRequest(source.host, target.host, [{ name: 'gap', repository: 'shop/gap', image }]),
          ),
          { code: 'ImageNotFound' },
        );
        assert.deepEqual(await to.tags('shop/gap'), []);
      });
    });
  }
}

function twoPlatforms(): StoredImage {
  const shared = randomLayer(5000);
  return indexOf([
    {
      image: imageOf({ layers: [shared, randomLayer(70_000)] }),
      platform: { os: 'linux', architecture: 'amd64' },
    },
    {
      image: imageOf({ layers: [shared, randomLayer(60_000)], architecture: 'arm64' }),
      platform: { os: 'linux', architecture: 'arm64' },
    },
  ]);
}
