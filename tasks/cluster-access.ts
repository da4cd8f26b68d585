import { readFileSync } from 'node:fs';
import { createAksClient } from '../core/clients/azure/aks.ts';
import { createAzureCredential } from '../core/clients/azure/credential.ts';
import {
  accessFromKubeconfig,
  accessFromServiceAccount,
  withEntra,
  type ClusterAccess,
} from '../core/clients/kubernetes/access.ts';
import type { Agent } from '../core/host/agent.ts';
import { DeliveryError } from '../core/model/errors.ts';

/**
 * The cluster that the task's inputs name, for the tasks that talk to one: their inputs are the same. Through Azure it is
 * AKS by name, with Entra ID where the cluster wants it; otherwise a Kubernetes service connection.
 * @throws DeliveryError for the inputs, the service connection and what Azure refuses
 */
export async function resolveClusterAccess(agent: Agent): Promise<ClusterAccess> {
  const { inputs } = agent;
  const type = inputs.oneOf(
    'connectionType',
    ['azureResourceManager', 'kubernetesServiceConnection'],
    'azureResourceManager',
  );
  return type === 'azureResourceManager' ? throughAzure(agent) : throughConnection(agent);
}

async function throughAzure(agent: Agent): Promise<ClusterAccess> {
  const { inputs, system, signal } = agent;
  const connection = agent.connections.azureResourceManager('azureSubscription');
  const resourceGroup = inputs.required('azureResourceGroup');
  const cluster = inputs.required('kubernetesCluster');
  const admin = inputs.flag('useClusterAdmin');
  const { subscriptionId } = connection;
  if (subscriptionId === undefined) {
    throw new DeliveryError(
      'ConnectionUnsupported',
      'the service connection in azureSubscription has no subscription',
      {
        hint: 'Use a service connection that is scoped to the subscription of the cluster.',
      },
    );
  }
  const credential = createAzureCredential(connection.identity, connection.cloud, {
    ...(system.oidcRequestUri === undefined
      ? {}
      : { oidc: { requestUri: system.oidcRequestUri, accessToken: system.accessToken } }),
    ...(agent.proxy === undefined ? {} : { proxy: agent.proxy }),
    onSecret: (value) => {
      agent.setSecret(value);
    },
  });
  const aks = createAksClient(credential, connection.cloud, agent.proxy);
  const kubeconfig = await aks.clusterKubeconfig(
    { subscriptionId, resourceGroup, cluster },
    { admin },
    signal,
  );
  const access = accessFromKubeconfig(kubeconfig, { name: `the kubeconfig of ${cluster}` });
  return withEntra({ ...access, name: cluster }, credential);
}

function throughConnection(agent: Agent): Promise<ClusterAccess> {
  const connection = agent.connections.kubernetes('kubernetesServiceConnection');
  if (connection.authorization !== 'kubeconfig') return Promise.resolve(accessFromServiceAccount(connection));
  return Promise.resolve(
    accessFromKubeconfig(connection.kubeconfig, {
      context: connection.context,
      name: 'the kubeconfig of kubernetesServiceConnection',
      readFile: (path) => readFileSync(path, 'utf8'),
      acceptUntrustedCertificates: connection.acceptUntrustedCertificates,
    }),
  );
}
