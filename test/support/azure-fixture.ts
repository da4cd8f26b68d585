import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure, type Azure } from '../../sandbox/azure/azure.ts';
import { buildImage, type Image } from '../../sandbox/images/image.ts';
import { buildLayer } from '../../sandbox/images/layer.ts';
import { pushImage } from '../../sandbox/images/push.ts';
import { createAuthority } from '../../sandbox/pki.ts';
import { AzureClient } from './azure-client.ts';

/** A local Azure for the tests of one file. */
export interface AzureFixture {
  readonly azure: Azure;
  readonly client: AzureClient;
  /** Pushes as the `ci` identity to the non-production registry. */
  push(image: Image, repository: string, ...tags: string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startAzureFixture(
  options: { proxyCredentials?: { username: string; password: string } } = {},
): Promise<AzureFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'azure-'));
  const authority = await createAuthority('Local world of a test');
  const azure = await startAzure({ authority, directory, ...options });
  const client = new AzureClient(azure);
  return {
    azure,
    client,
    push: async (image, repository, ...tags) => {
      await pushImage({
        image,
        repository,
        tags,
        registry: azure.registries.nonprod.loginServer,
        identity: azure.identities.ci,
        proxyUrl: azure.proxyUrl,
        ca: authority.certificatePem,
      });
    },
    stop: async () => {
      client.close();
      await azure.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A small image of two platforms. */
export async function smallImage(text: string): Promise<Image> {
  const shared = await buildLayer({ 'etc/motd': { content: text } });
  const platform = async (architecture: string) => ({
    os: 'linux',
    architecture,
    layers: [
      shared,
      await buildLayer({ 'bin/app': { content: `${text} for ${architecture}`, mode: 0o755 } }),
    ],
  });
  return buildImage({
    platforms: [await platform('amd64'), await platform('arm64')],
    labels: { 'org.opencontainers.image.revision': '1'.repeat(40) },
  });
}
