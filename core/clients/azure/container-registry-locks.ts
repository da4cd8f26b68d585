import type { ContainerRegistryClient } from '@azure/container-registry';
import type { AzureCloud } from '../../model/azure-cloud.ts';
import { shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError, messageOf } from '../../model/errors.ts';
import type { AzureCredential } from './credential.ts';
import { proxyFor, type AzureProxy } from './pipeline.ts';

/** Keeps what was promoted from being changed or deleted. */
export interface ImageLocker {
  /**
   * Takes write and delete away from the manifest and the tags, and reads both back: to lock a tag does not lock its
   * manifest.
   */
  lock(
    host: string,
    path: string,
    digest: Digest,
    tags: readonly string[],
    signal: AbortSignal,
  ): Promise<void>;
}

const locked = { canWrite: false, canDelete: false };

export function createLocker(
  credential: AzureCredential,
  cloud: AzureCloud,
  proxy: AzureProxy | undefined,
): ImageLocker {
  const clients = new Map<string, Promise<ContainerRegistryClient>>();
  return {
    async lock(host, path, digest, tags, signal) {
      const opened = clients.get(host) ?? openClient(host, credential, cloud, proxy);
      clients.set(host, opened);
      const client = await opened;
      const options = { abortSignal: signal };
      const name = `${host}/${path}@${shortDigest(digest)}`;
      try {
        const artifact = client.getArtifact(path, digest);
        for (const tag of tags) {
          await artifact.updateTagProperties(tag, { ...locked, ...options });
          requireLocked(await artifact.getTagProperties(tag, options), `${host}/${path}:${tag}`);
        }
        await artifact.updateManifestProperties({ ...locked, ...options });
        requireLocked(await artifact.getManifestProperties(options), name);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof DeliveryError) throw error;
        const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0;
        const isRefused = status === 401 || status === 403;
        throw new DeliveryError(
          isRefused ? 'Forbidden' : 'RemoteError',
          `${name} was not locked${isRefused ? ` for ${credential.who}` : ''}: ${messageOf(error)}`,
          {
            hint: isRefused
              ? 'The identity needs the right to change metadata on the target registry, besides AcrPush.'
              : 'The image is promoted and its tags are set. Run the stage again to lock it.',
            cause: error,
          },
        );
      }
    },
  };
}

async function openClient(
  host: string,
  credential: AzureCredential,
  cloud: AzureCloud,
  proxy: AzureProxy | undefined,
): Promise<ContainerRegistryClient> {
  if (!host.endsWith(cloud.registrySuffix)) {
    throw new DeliveryError('ConnectionUnsupported', `${host} cannot lock: only registries of Azure can`, {
      hint: 'Leave lock off for this registry.',
    });
  }
  const { ContainerRegistryClient: Client } = await import('@azure/container-registry');
  const proxyOptions = proxyFor(`https://${host}`, proxy);
  return new Client(
    `https://${host}`,
    {
      getToken: async () => {
        const { token, expiresOn } = await credential.token(`${cloud.resourceManagerAudience}/.default`);
        return { token, expiresOnTimestamp: expiresOn };
      },
    },
    { audience: cloud.resourceManagerAudience, ...(proxyOptions === undefined ? {} : { proxyOptions }) },
  );
}

function requireLocked(
  properties: { readonly canWrite?: boolean; readonly canDelete?: boolean },
  name: string,
): void {
  if (properties.canWrite === false && properties.canDelete === false) return;
  throw new DeliveryError('RemoteError', `${name} is not locked when it is read back`, {
    hint: 'The image is promoted and its tags are set. Run the stage again to lock it.',
  });
}
