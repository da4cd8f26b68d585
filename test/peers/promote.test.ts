import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { peerTool, type PeerName } from '../support/registries/peer-tools.ts';
import {
  startPlainRegistry,
  type PlainRegistry,
  type RegistryKind,
} from '../support/registries/plain-registry.ts';
import { promoteWith, promotionRequest } from '../support/registries/promotion-fixture.ts';
import { RegistryContent } from '../support/registries/registry-content.ts';
import {
  artifactOf,
  imageOf,
  indexOf,
  randomLayer,
  type StoredImage,
} from '../support/registries/stored-image.ts';

const run = promisify(execFile);

interface Peer {
  readonly name: PeerName;
  readonly carriesReferrers: boolean;
  arguments(from: string, to: string, hosts: readonly string[]): readonly string[];
}

const peers: readonly Peer[] = [
  {
    name: 'crane',
    carriesReferrers: false,
    arguments: (from, to) => ['copy', '--insecure', from, to],
  },
  {
    name: 'regctl',
    carriesReferrers: true,
    arguments: (from, to, hosts) => [
      ...['image', 'copy', '--referrers'],
      ...hosts.flatMap((host) => ['--host', `reg=${host},tls=disabled`]),
      ...[from, to],
    ],
  },
  {
    name: 'oras',
    carriesReferrers: true,
    arguments: (from, to) => ['cp', '-r', '--no-tty', '--from-plain-http', '--to-plain-http', from, to],
  },
];

for (const kind of ['distribution', 'oci'] as readonly RegistryKind[]) {
  describe(`a copy on ${kind}`, function () {
    this.timeout(900_000);
    let source: PlainRegistry;
    let target: PlainRegistry;
    let from: RegistryContent;
    let to: RegistryContent;
    let image: StoredImage;
    let attached: readonly StoredImage[];

    before(async () => {
      source = await startPlainRegistry(kind);
      target = await startPlainRegistry(kind);
      from = new RegistryContent(source.host);
      to = new RegistryContent(target.host);
      const shared = randomLayer(40_000);
      image = indexOf([
        {
          image: imageOf({ layers: [shared, randomLayer(70_000)] }),
          platform: { os: 'linux', architecture: 'amd64' },
        },
        {
          image: imageOf({ layers: [shared, randomLayer(60_000)], architecture: 'arm64' }),
          platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
        },
      ]);
      const bill = artifactOf('application/spdx+json', Buffer.from('{"spdx":1}'), image.root);
      attached = [bill, artifactOf('application/vnd.example.signature', Buffer.from('signed'), image.root)];
      await from.push('shop/web', image, ['1']);
      for (const one of attached) await from.attach('shop/web', one, image.root);
      const request = promotionRequest(source.host, target.host, [
        { name: 'web', repository: 'shop/web', image, target: 'ours/web' },
      ]);
      await promoteWith(request);
    });

    after(async () => {
      await source.stop();
      await target.stop();
    });

    for (const peer of peers) {
      it(`has the same digests and the same graph as one by ${peer.name}`, async () => {
        const repository = `${peer.name}/web`;
        const [theirs, mine] = [
          `${target.host}/${repository}:1.0.0`,
          `${source.host}/shop/web@${image.root.digest}`,
        ];
        await run(await peerTool(peer.name), [...peer.arguments(mine, theirs, [source.host, target.host])]);
        assert.equal(await to.tag(repository, '1.0.0'), await to.tag('ours/web', '1.0.0'));
        for (const manifest of image.manifests) {
          assert.deepEqual(
            await to.manifest(repository, manifest.digest),
            await to.manifest('ours/web', manifest.digest),
          );
        }
        for (const blob of image.blobs) {
          assert.deepEqual(await to.blob(repository, blob.digest), await to.blob('ours/web', blob.digest));
        }
        if (!peer.carriesReferrers) return;
        const listed = await to.referrers('ours/web', image.root.digest);
        assert.deepEqual([...listed].sort(), [...(await to.referrers(repository, image.root.digest))].sort());
        assert.equal(listed.length, attached.length);
      });

      it(`of ours can be read whole by ${peer.name}`, async () => {
        const [mine, theirs] = [
          `${target.host}/ours/web@${image.root.digest}`,
          `${target.host}/again/${peer.name}:1`,
        ];
        await run(await peerTool(peer.name), [...peer.arguments(mine, theirs, [target.host])]);
        assert.equal(await to.tag(`again/${peer.name}`, '1'), image.root.digest);
      });
    }
  });
}
