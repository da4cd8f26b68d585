import { parse, stringify } from 'yaml';
import {
  aksServerApplication,
  clusterId,
  location,
  tenant,
  type ClusterName,
  type Subscription,
} from '../names.ts';
import { armErrors } from './arm-errors.ts';

/** How the facade's owner says that a cluster exists. */
export interface ClusterRegistration {
  /** `https://...` as an agent reaches the API server. */
  readonly server: string;
  readonly caPem: string;
  readonly adminKubeconfig: string;
  /** False: the cluster takes Entra identities alone, and Azure gives out no static credential for it. */
  readonly localAccounts: boolean;
}

export interface RegisteredCluster extends ClusterRegistration {
  readonly name: ClusterName;
  readonly subscription: Subscription;
}

/** A managed cluster as Resource Manager describes it. */
export function clusterResource(cluster: RegisteredCluster): unknown {
  const { hostname } = new URL(cluster.server);
  return {
    id: clusterId(cluster.subscription),
    location,
    name: cluster.name,
    type: 'Microsoft.ContainerService/ManagedClusters',
    tags: {},
    sku: { name: 'Base', tier: 'Free' },
    properties: {
      provisioningState: 'Succeeded',
      powerState: { code: 'Running' },
      kubernetesVersion: '1.34.4',
      currentKubernetesVersion: '1.34.4',
      dnsPrefix: cluster.name,
      fqdn: hostname,
      enableRBAC: true,
      nodeResourceGroup: `MC_${cluster.subscription.resourceGroup}_${cluster.name}_${location}`,
      disableLocalAccounts: !cluster.localAccounts,
      ...(cluster.localAccounts
        ? {}
        : { aadProfile: { managed: true, enableAzureRBAC: false, tenantID: tenant.id } }),
    },
  };
}

/** `listClusterUserCredential`: with Entra a kubeconfig that calls kubelogin, without it a client certificate. */
export function userCredential(cluster: RegisteredCluster, format: string | null): unknown {
  const user = `clusterUser_${cluster.subscription.resourceGroup}_${cluster.name}`;
  const kubeconfig = cluster.localAccounts
    ? renamed(cluster, user)
    : stringify(entraKubeconfig(cluster, user, format === 'azure' ? legacyUser() : execUser()));
  return credentials('clusterUser', kubeconfig);
}

/** `listClusterAdminCredential`. @throws ArmError when the cluster has no local accounts */
export function adminCredential(cluster: RegisteredCluster): unknown {
  if (!cluster.localAccounts) throw armErrors.staticCredentials();
  return credentials(
    'clusterAdmin',
    renamed(cluster, `clusterAdmin_${cluster.subscription.resourceGroup}_${cluster.name}`),
  );
}

function credentials(name: string, kubeconfig: string): unknown {
  return { kubeconfigs: [{ name, value: Buffer.from(kubeconfig).toString('base64') }] };
}

interface Kubeconfig {
  readonly users?: readonly { readonly user: Readonly<Record<string, unknown>> }[];
}

/** The cluster's own administrator under the name that AKS gives it. */
function renamed(cluster: RegisteredCluster, user: string): string {
  const { users } = parse(cluster.adminKubeconfig) as Kubeconfig;
  return stringify(entraKubeconfig(cluster, user, users?.[0]?.user ?? {}));
}

function entraKubeconfig(
  cluster: RegisteredCluster,
  name: string,
  user: Readonly<Record<string, unknown>>,
): unknown {
  return {
    apiVersion: 'v1',
    clusters: [
      {
        cluster: {
          'certificate-authority-data': Buffer.from(cluster.caPem).toString('base64'),
          server: cluster.server,
        },
        name: cluster.name,
      },
    ],
    contexts: [{ context: { cluster: cluster.name, user: name }, name: cluster.name }],
    'current-context': cluster.name,
    kind: 'Config',
    preferences: {},
    users: [{ name, user }],
  };
}

// AKS's client application for people's own sign-ins.
const clientApplication = '80faf920-1908-4b52-b5ef-a8e7bedfc67a';

function execUser(): Record<string, unknown> {
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      args: [
        'get-token',
        '--environment',
        'AzurePublicCloud',
        '--server-id',
        aksServerApplication,
        '--client-id',
        clientApplication,
        '--tenant-id',
        tenant.id,
        '--login',
        'devicecode',
      ],
      command: 'kubelogin',
      env: null,
      installHint:
        '\nkubelogin is not installed which is required to connect to AAD enabled cluster.\n\nTo learn more, please go to https://aka.ms/aks/kubelogin\n',
      provideClusterInfo: false,
    },
  };
}

/** `format=azure`: the auth provider that kubectl had before 1.26. */
function legacyUser(): Record<string, unknown> {
  return {
    'auth-provider': {
      config: {
        'apiserver-id': aksServerApplication,
        'client-id': clientApplication,
        'config-mode': '1',
        environment: 'AzurePublicCloud',
        'tenant-id': tenant.id,
      },
      name: 'azure',
    },
  };
}
