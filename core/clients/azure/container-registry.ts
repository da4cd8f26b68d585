import type {
  ContainerRegistryManagementClient,
  Registry as RegistryResource,
} from '@azure/arm-containerregistry';
import type { AzureCloud } from '../../model/azure-cloud.ts';
import { DeliveryError } from '../../model/errors.ts';
import { objectsAt, textAt } from '../../model/kubernetes-object.ts';
import type { AzureRegistry } from '../../model/promotion-method.ts';
import { importError } from './container-registry-error.ts';
import type { AzureCredential } from './credential.ts';
import type { ImportRequest } from './image-import.ts';
import { proxyFor, sendAzureRequest, type AzureProxy } from './pipeline.ts';

/** Azure's own way of moving images between its registries: no byte of theirs passes the agent. */
export interface ImageImporter {
  /** Undefined when the identity sees no such registry. */
  find(loginServer: string, signal: AbortSignal): Promise<AzureRegistry | undefined>;
  /**
   * Moves one manifest with all that it lists; what is attached to it stays behind. Returns when the service has said
   * that it is done, which says nothing of what is there.
   * @throws DeliveryError in words that name the cause, which the service's own often do not
   */
  import(request: ImportRequest, signal: AbortSignal): Promise<void>;
}

export interface ImporterOptions {
  readonly credential: AzureCredential;
  readonly cloud: AzureCloud;
  readonly proxy: AzureProxy | undefined;
  /** How long one operation of the service may take, in milliseconds: it is known to accept some and never finish them. */
  readonly patience: number;
}

export function createImporter(options: ImporterOptions): ImageImporter {
  const { credential, cloud, proxy } = options;
  const clients = new Map<string, Promise<ContainerRegistryManagementClient>>();
  let known: Promise<readonly AzureRegistry[]> | undefined;

  const clientOf = (subscriptionId: string): Promise<ContainerRegistryManagementClient> => {
    const client = clients.get(subscriptionId) ?? openClient(options, subscriptionId);
    clients.set(subscriptionId, client);
    return client;
  };

  return {
    async find(loginServer, signal) {
      known ??= listRegistries(clientOf, credential, cloud, proxy, signal);
      return (await known).find((registry) => registry.loginServer === loginServer);
    },
    async import(request, signal) {
      const client = await clientOf(request.target.subscriptionId);
      const patience = AbortSignal.timeout(options.patience);
      const { target, targetPath, tag } = request;
      try {
        await client.registries.importImage(
          target.resourceGroup,
          target.name,
          {
            source: {
              resourceId: request.source.id,
              sourceImage: `${request.sourcePath}@${request.digest}`,
            },
            ...(tag === undefined
              ? { untaggedTargetRepositories: [targetPath] }
              : { targetTags: [`${targetPath}:${tag}`] }),
            mode: request.force ? 'Force' : 'NoForce',
          },
          { abortSignal: AbortSignal.any([signal, patience]) },
        );
      } catch (error) {
        signal.throwIfAborted();
        throw importError(error, request, credential, patience.aborted ? options.patience : undefined);
      }
    },
  };
}

async function openClient(
  { credential, cloud, proxy }: ImporterOptions,
  subscriptionId: string,
): Promise<ContainerRegistryManagementClient> {
  const { ContainerRegistryManagementClient: Client } = await import('@azure/arm-containerregistry');
  const proxyOptions = proxyFor(cloud.resourceManager, proxy);
  return new Client(
    {
      getToken: async () => {
        const { token, expiresOn } = await credential.token(`${cloud.resourceManagerAudience}/.default`);
        return { token, expiresOnTimestamp: expiresOn };
      },
    },
    subscriptionId,
    {
      endpoint: cloud.resourceManager,
      userAgentOptions: { userAgentPrefix: 'aks-delivery' },
      ...(proxyOptions === undefined ? {} : { proxyOptions }),
    },
  );
}

/** All registries that the identity sees, whatever their subscription: source and target are often in two. */
async function listRegistries(
  clientOf: (subscriptionId: string) => Promise<ContainerRegistryManagementClient>,
  credential: AzureCredential,
  cloud: AzureCloud,
  proxy: AzureProxy | undefined,
  signal: AbortSignal,
): Promise<readonly AzureRegistry[]> {
  const { token } = await credential.token(`${cloud.resourceManagerAudience}/.default`, signal);
  const url = `${cloud.resourceManager}/subscriptions?api-version=2022-12-01`;
  const response = await sendAzureRequest({ method: 'GET', url, token, proxy, signal });
  if (response.status !== 200) {
    throw new DeliveryError(
      'RemoteError',
      `Resource Manager does not list subscriptions (HTTP ${response.status})`,
      {
        hint: 'Set mode to copy to do without Resource Manager.',
      },
    );
  }
  const answer: unknown = JSON.parse(response.bodyAsText ?? '{}');
  const found: AzureRegistry[] = [];
  for (const subscription of objectsAt(answer, 'value')) {
    const id = textAt(subscription, 'subscriptionId');
    if (id === undefined) continue;
    const client = await clientOf(id);
    for await (const registry of client.registries.list({ abortSignal: signal })) {
      const read = readRegistry(registry);
      if (read !== undefined) found.push(read);
    }
  }
  return found;
}

function readRegistry(resource: RegistryResource): AzureRegistry | undefined {
  const { id, name, loginServer } = resource;
  const place = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\//i.exec(id ?? '');
  if (id === undefined || name === undefined || loginServer === undefined) return undefined;
  if (place?.[1] === undefined || place[2] === undefined) return undefined;
  return {
    id,
    subscriptionId: place[1],
    resourceGroup: place[2],
    name,
    loginServer: loginServer.toLowerCase(),
    isAbac: resource.roleAssignmentMode === 'AbacRepositoryPermissions',
  };
}
