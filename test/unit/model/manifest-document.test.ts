import assert from 'node:assert/strict';
import type { ManifestContent } from '../../../core/model/descriptor.ts';
import { digestOf } from '../../../core/model/digest.ts';
import {
  artifactTypeOf,
  blobsOf,
  childrenOf,
  nonDistributableOf,
  parseManifest,
} from '../../../core/model/manifest-document.ts';

const index = 'application/vnd.oci.image.index.v1+json';
const manifest = 'application/vnd.oci.image.manifest.v1+json';
const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';

function content(mediaType: string, document: unknown): ManifestContent {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

const entry = (mediaType: string, name: string, more: object = {}): object => ({
  mediaType,
  digest: digestOf(name),
  size: name.length,
  ...more,
});

describe('a manifest', () => {
  it('lists its configuration and layers', () => {
    const document = parseManifest(
      content(manifest, {
        config: entry('application/json', 'config'),
        layers: [entry(layer, 'one'), entry(layer, 'two')],
      }),
      'm',
    );
    assert.deepEqual(
      blobsOf(document).map(({ digest }) => digest),
      ['config', 'one', 'two'].map((name) => digestOf(name)),
    );
  });

  it('leaves non-distributable layers where they are', () => {
    const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
    const document = parseManifest(
      content(manifest, {
        config: entry('application/json', 'config'),
        layers: [entry(foreign, 'base', { urls: ['https://example.com/base'] })],
      }),
      'm',
    );
    assert.deepEqual(blobsOf(document).length, 1);
    assert.deepEqual(
      nonDistributableOf(document).map(({ digest }) => digest),
      [digestOf('base')],
    );
  });

  it('of an index lists manifests, and keeps what is none as blobs', () => {
    const document = parseManifest(
      content(index, {
        manifests: [
          entry(manifest, 'amd64', { platform: { os: 'linux', architecture: 'amd64', variant: '' } }),
          entry(layer, 'cache'),
        ],
      }),
      'm',
    );
    assert.deepEqual(
      childrenOf(document).map(({ platform }) => platform),
      [{ os: 'linux', architecture: 'amd64' }],
    );
    assert.deepEqual(
      blobsOf(document).map(({ digest }) => digest),
      [digestOf('cache')],
    );
  });

  it('is of the type that it names, or else of its configuration', () => {
    const config = entry('application/vnd.cncf.helm.config.v1+json', 'chart');
    const own = parseManifest(
      content(manifest, { artifactType: 'application/spdx+json', config, layers: null }),
      'm',
    );
    const chart = parseManifest(content(manifest, { artifactType: '', config, layers: [] }), 'm');
    assert.equal(artifactTypeOf(own), 'application/spdx+json');
    assert.equal(artifactTypeOf(chart), 'application/vnd.cncf.helm.config.v1+json');
  });

  const refused: readonly [string, ManifestContent, RegExp][] = [
    ['Docker schema 1', content('application/vnd.docker.distribution.manifest.v1+prettyjws', {}), /schema 1/],
    ['an unknown type', content('application/octet-stream', {}), /media type/],
    ['no JSON', content(manifest, 'nothing'), /not JSON/],
    [
      'a layer without a size',
      content(manifest, { config: entry('a/b', 'c'), layers: [{ mediaType: 'a/b', digest: digestOf('x') }] }),
      /m\.layers\[0\]\.size/,
    ],
    [
      'a digest that is none',
      content(manifest, { config: { mediaType: 'a/b', digest: 'sha256:12', size: 1 }, layers: [] }),
      /m\.config\.digest/,
    ],
  ];
  for (const [name, what, expected] of refused) {
    it(`with ${name} is refused`, () => {
      assert.throws(
        () => parseManifest(what, 'm'),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ManifestUnsupported');
          assert.match(error.message, expected);
          return true;
        },
      );
    });
  }
});
