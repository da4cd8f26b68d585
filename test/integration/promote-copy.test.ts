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

      // go-containerregistry keeps manifests under any digest and blobs under sha256 alone; Distribution the other way round.
      if (sourceKind === targetKind) {
        it('carries what is named by sha512', async () => {
          const image =
            sourceKind === 'distribution'
              ? imageOf({ layers: [randomLayer(70_000, 'sha512')] })
              : imageOf({ layers: [randomLayer(70_000)], algorithm: 'sha512' });
          await from.push('shop/strong', image);
          const places = [{ name: 'strong', repository: 'shop/strong', image }];
          await promoteWith(promotionRequest(source.host, target.host, places));
          await requireEqual('shop/strong', image);
        });
      }

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
        const [child] = image.manifests;
        assert.ok(child);
        await from.push('shop/gap', image);
        await from.removeManifest('shop/gap', child.digest);
        const places = [{ name: 'gap', repository: 'shop/gap', image }];
        await assert.rejects(
          promoteWith(promotionRequest(source.host, target.host, places)),
          (error: Error) => {
            assert.match(
              error.message,
              /lists sha256:[0-9a-f]{12} \(linux\/amd64\), which the registry does not have/,
            );
            return true;
          },
        );
        assert.deepEqual(await to.tags('shop/gap'), []);
      });

      it('leaves non-distributable layers with their publisher, and says so', async () => {
        const foreign = {
          mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
          digest: `sha256:${'0'.repeat(64)}`,
          bytes: Buffer.from('kept by its publisher'),
          urls: ['https://example.com/layer'],
        };
        const image = imageOf({ layers: [foreign, randomLayer(300)] });
        const kept = { ...image, blobs: image.blobs.filter((blob) => blob !== foreign) };
        await from.push('shop/foreign', kept);
        const places = [{ name: 'foreign', repository: 'shop/foreign', image: kept }];
        const outcome = await promoteWith(promotionRequest(source.host, target.host, places));
        await requireEqual('shop/foreign', kept);
        assert.ok(outcome.log.lines.some((line) => line.includes('1 non-distributable layer')));
      });

      it('attaches one statement of the promotion, however often it runs', async () => {
        const image = twoPlatforms();
        await from.push('shop/stated', image);
        const places = [{ name: 'stated', repository: 'shop/stated', image }];
        const request = promotionRequest(source.host, target.host, places, { withStatement: true });
        await promoteWith(request);
        await promoteWith(request);
        const [statement, ...others] = await to.referrers('shop/stated', image.root.digest);
        assert.ok(statement);
        assert.deepEqual(others, []);
        const manifest = JSON.parse(String(await to.manifest('shop/stated', statement))) as {
          layers: { digest: string }[];
        };
        const content = await to.blob('shop/stated', manifest.layers[0]?.digest ?? '');
        const stated = JSON.parse(String(content)) as Record<string, unknown>;
        assert.equal(stated['_type'], 'https://in-toto.io/Statement/v1');
        assert.deepEqual(stated['subject'], [
          {
            name: `${target.host}/shop/stated`,
            digest: { sha256: image.root.digest.slice('sha256:'.length) },
          },
        ]);
      });

      it('mounts what another image of the release has brought', async () => {
        const shared = randomLayer(300_000);
        const [web, api] = [
          imageOf({ layers: [shared, randomLayer(10)], labels: { name: 'web' } }),
          imageOf({ layers: [shared, randomLayer(11)], labels: { name: 'api' } }),
        ];
        await from.push('shop/mount-web', web);
        await from.push('shop/mount-api', api);
        const places = [
          { name: 'web', repository: 'shop/mount-web', image: web },
          { name: 'api', repository: 'shop/mount-api', image: api },
        ];
        const outcome = await promoteWith(promotionRequest(source.host, target.host, places));
        assert.equal(outcome.plan.blobs.mounted.count, 1);
        await requireEqual('shop/mount-web', web);
        await requireEqual('shop/mount-api', api);
      });

      it('replaces a signature tag by one that holds more, and refuses one that holds less', async () => {
        const image = imageOf({ layers: [randomLayer(2000)] });
        const tag = `${image.root.digest.replace(':', '-')}.sig`;
        const [one, two] = [randomLayer(100), randomLayer(101)];
        const [few, many] = [imageOf({ layers: [one] }), imageOf({ layers: [one, two] })];
        const places = [{ name: 'resigned', repository: 'shop/resigned', image }];
        const request = promotionRequest(source.host, target.host, places);
        await from.push('shop/resigned', image);
        await from.push('shop/resigned', few, [tag]);
        await promoteWith(request);
        await from.push('shop/resigned', many, [tag]);
        await promoteWith(request);
        assert.equal(await to.tag('shop/resigned', tag), many.root.digest);
        await from.push('shop/resigned', few, [tag]);
        await assert.rejects(promoteWith(request), { code: 'TagConflict' });
        assert.equal(await to.tag('shop/resigned', tag), many.root.digest);
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
