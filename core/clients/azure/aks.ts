import type { AzureCloud } from '../../model/azure-cloud.ts';
import { DeliveryError } from '../../model/errors.ts';
import { objectsAt, textAt } from '../../model/kubernetes-object.ts';
import type { AzureCredential } from './credential.ts';
import { sendAzureRequest, type AzureProxy } from './pipeline.ts';

export interface ClusterName {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly cluster: string;
}

/** What Resource Manager says of AKS clusters. */
export interface AksClient {
  /**
   * The kubeconfig that Azure hands out. `admin` asks for the local administrator's, which skips Entra ID.
   * @throws DeliveryError `Forbidden` (the role is missing), `NotFound`, `CredentialUnsupported` (local accounts disabled)
   */
  clusterKubeconfig(
    name: ClusterName,
    options: { readonly admin: boolean },
    signal?: AbortSignal,
  ): Promise<string>;
}

// The two read-only credential actions alone; `accessProfiles/listCredential`, which would need far more, is never used.
const apiVersion = '2025-05-01';

export function createAksClient(
  credential: AzureCredential,
  cloud: AzureCloud,
  proxy: AzureProxy | undefined,
): AksClient {
  return {
    async clusterKubeconfig(name, { admin }, signal) {
      const { token } = await credential.token(`${cloud.resourceManagerAudience}/.default`, signal);
      const action = admin ? 'listClusterAdminCredential' : 'listClusterUserCredential';
      const response = await sendAzureRequest({
        method: 'POST',
        url: `${cloud.resourceManager}${clusterId(name)}/${action}?api-version=${apiVersion}${admin ? '' : '&format=exec'}`,
        token,
        proxy,
        signal,
      });
      const answer = parse(response.bodyAsText ?? '');
      if (response.status !== 200) throw refusal(response.status, answer, name, credential, admin);
      const value = textAt(objectsAt(answer, 'kubeconfigs')[0], 'value');
      if (value === undefined) {
        throw new DeliveryError('RemoteError', `Azure gave no kubeconfig for cluster ${name.cluster}`, {
          hint: 'Look at the cluster in the portal: it may be stopped or still be created.',
        });
      }
      return Buffer.from(value, 'base64').toString('utf8');
    },
  };
}

/** The cluster's resource id: what roles are assigned at. */
export function clusterId(name: ClusterName): string {
  const [subscription, group, cluster] = [name.subscriptionId, name.resourceGroup, name.cluster].map(
    encodeURIComponent,
  );
  return `/subscriptions/${subscription ?? ''}/resourceGroups/${group ?? ''}/providers/Microsoft.ContainerService/managedClusters/${cluster ?? ''}`;
}

function refusal(
  status: number,
  answer: unknown,
  name: ClusterName,
  credential: AzureCredential,
  admin: boolean,
): DeliveryError {
  const code = textAt(answer, 'error', 'code') ?? textAt(answer, 'code') ?? `HTTP ${status}`;
  const said = textAt(answer, 'error', 'message') ?? textAt(answer, 'message') ?? '';
  const cluster = `cluster ${name.cluster} (resource group ${name.resourceGroup}, subscription ${name.subscriptionId})`;
  const message = `Azure refused the credential of ${cluster} to ${credential.who}: ${code}${said === '' ? '' : `: ${said}`}`;
  if (/static credential is not allowed|local accounts? .*disabled|disableLocalAccounts/i.test(said)) {
    return new DeliveryError('CredentialUnsupported', message, {
      hint: 'Local accounts are disabled on this cluster: leave useClusterAdmin off, the task signs in with Entra ID.',
    });
  }
  switch (status) {
    case 401:
      return new DeliveryError('Unauthenticated', message, { hint: 'Verify the service connection.' });
    case 403:
      return new DeliveryError('Forbidden', message, {
        hint: `Assign it a role on the cluster: ${credential.grant(`Azure Kubernetes Service Cluster ${admin ? 'Admin' : 'User'} Role`, clusterId(name))}`,
      });
    case 404:
      return new DeliveryError('NotFound', message, {
        hint: 'Check the inputs azureResourceGroup and kubernetesCluster, and the subscription of the service connection.',
      });
    default:
      return new DeliveryError('RemoteError', message, {
        hint: 'Run the task again; if it stays, look at the cluster in the portal.',
      });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
