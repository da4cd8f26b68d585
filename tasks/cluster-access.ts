import { readFileSync } from 'node:fs';
import { clusterId, createAksClient } from '../core/clients/azure/aks.ts';
import {
  accessFromKubeconfig,
  accessFromServiceAccount,
  withEntra,
  type ClusterAccess,
} from '../core/clients/kubernetes/access.ts';
import type { Agent } from '../core/host/agent.ts';
import { DeliveryError } from '../core/model/errors.ts';
import { openCredential } from './registry-access.ts';

/** A cluster and, where it was reached through Azure, who asks it. */
export interface KnownCluster extends ClusterAccess {
  readonly identity?: ClusterIdentity;
}

export interface ClusterIdentity {
  /** The identity and its service connection, in words. */
  readonly who: string;
  /** What gives it rights in a namespace of this cluster, in words and as a command. */
  remedy(namespace: string): string;
}

/**
 * The cluster that the task's inputs name, for the tasks that talk to one: their inputs are the same. Through Azure it is
 * AKS by name, with Entra ID where the cluster wants it; otherwise a Kubernetes service connection.
 * @throws DeliveryError for the inputs, the service connection and what Azure refuses
 */
export async function resolveClusterAccess(agent: Agent): Promise<KnownCluster> {
  const { inputs } = agent;
  const type = inputs.oneOf(
    'connectionType',
    ['azureResourceManager', 'kubernetesServiceConnection'],
    'azureResourceManager',
  );
  return type === 'azureResourceManager' ? throughAzure(agent) : throughConnection(agent);
}

async function throughAzure(agent: Agent): Promise<KnownCluster> {
  const { inputs, signal } = agent;
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
  const credential = openCredential(agent, connection.identity, connection.cloud, connection);
  const aks = createAksClient(credential, connection.cloud, agent.proxy);
  const name = { subscriptionId, resourceGroup, cluster };
  const kubeconfig = await aks.clusterKubeconfig(name, { admin }, signal);
  const access = accessFromKubeconfig(kubeconfig, { name: `the kubeconfig of ${cluster}` });
  return {
    ...withEntra({ ...access, name: cluster }, credential),
    identity: {
      get who() {
        return credential.who;
      },
      remedy: (namespace) =>
        `Bind it to a Role in the namespace, as User with its object id; or, where the cluster uses Azure RBAC: ` +
        credential.grant(
          'Azure Kubernetes Service RBAC Writer',
          `${clusterId(name)}/namespaces/${namespace}`,
        ),
    },
  };
}

/** Says whose rights are missing, where a cluster refused: the API server itself names only an object id. */
export function withIdentity(error: unknown, cluster: KnownCluster, namespace: string): unknown {
  const { identity } = cluster;
  if (!(error instanceof DeliveryError) || error.code !== 'Forbidden' || identity === undefined) return error;
  return new DeliveryError('Forbidden', `${error.message} (signed in as ${identity.who})`, {
    hint: identity.remedy(namespace),
    cause: error,
  });
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
