import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '../../../sandbox/images/blob.ts';
import { buildArtifact, buildImage, mediaTypes } from '../../../sandbox/images/image.ts';
import { buildLayer } from '../../../sandbox/images/layer.ts';

describe('an image built without a container engine', () => {
  it('has the same digest whenever its files are the same, in any order', async () => {
    const one = await buildLayer({ 'a/x': { content: 'x' }, b: { content: 'y', mode: 0o755 } });
    const other = await buildLayer({ b: { content: 'y', mode: 0o755 }, 'a/x': { content: 'x' } });
    assert.equal(one.digest, other.digest);
    const changed = await buildLayer({ 'a/x': { content: 'x' }, b: { content: 'y' } });
    assert.notEqual(one.digest, changed.digest);
  });

  it('names the uncompressed layers in its configuration and the compressed ones in its manifest', async () => {
    const layer = await buildLayer({ 'bin/app': { content: 'app' } });
    const image = buildImage({
      platforms: [{ os: 'linux', architecture: 'amd64', layers: [layer] }],
      single: true,
    });
    const manifest = JSON.parse(image.root.content.toString()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    const config = JSON.parse(image.blobs.get(manifest.config.digest)?.content.toString() ?? '') as {
      rootfs: { diff_ids: string[] };
    };
    assert.deepEqual(
      manifest.layers.map(({ digest }) => digest),
      [layer.digest],
    );
    assert.deepEqual(config.rootfs.diff_ids, [digestOf(gunzipSync(layer.content))]);
  });

  it('of several platforms is an index with a manifest for each, the root last', async () => {
    const layers = [await buildLayer({ app: { content: 'app' } })];
    const image = buildImage({
      platforms: [
        { os: 'linux', architecture: 'amd64', layers },
        { os: 'linux', architecture: 'arm64', variant: 'v8', layers },
      ],
      labels: { 'org.opencontainers.image.version': '1.0.0' },
    });
    assert.deepEqual([...image.platforms.keys()], ['linux/amd64', 'linux/arm64/v8']);
    assert.equal(image.manifests.at(-1)?.digest, image.digest);
    assert.equal(image.root.mediaType, mediaTypes.index);
    const index = JSON.parse(image.root.content.toString()) as { manifests: { digest: string }[] };
    assert.deepEqual(
      index.manifests.map(({ digest }) => digest),
      [...image.platforms.values()],
    );
  });

  it('can be the subject of an artifact without layers', () => {
    const image = buildImage({ platforms: [{ os: 'linux', architecture: 'amd64', layers: [] }] });
    const artifact = buildArtifact({ artifactType: 'application/vnd.contoso.test', subject: image.root });
    const manifest = JSON.parse(artifact.root.content.toString()) as {
      subject: { digest: string };
      layers: { mediaType: string }[];
    };
    assert.equal(manifest.subject.digest, image.digest);
    assert.deepEqual(
      manifest.layers.map(({ mediaType }) => mediaType),
      [mediaTypes.empty],
    );
  });
});
