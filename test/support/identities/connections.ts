import type { ServiceConnection } from '../../../sandbox/agent/service-connection.ts';
import type { Identity } from '../../../sandbox/azure/directory.ts';
import type { Subscription } from '../../../sandbox/names.ts';

export type Authorization = ServiceConnection['authorization'];

/** How an identity signs in, as Azure DevOps stores each scheme in a connection. */
export const signIn = {
  federated: ({ clientId, tenantId }: Identity): Authorization => ({
    scheme: 'WorkloadIdentityFederation',
    parameters: { tenantid: tenantId, serviceprincipalid: clientId },
  }),
  secret: ({ clientId, tenantId, secret }: Identity): Authorization => ({
    scheme: 'ServicePrincipal',
    parameters: {
      tenantid: tenantId,
      serviceprincipalid: clientId,
      authenticationType: 'spnKey',
      serviceprincipalkey: secret,
    },
  }),
  certificate: async ({ clientId, tenantId, certificate }: Identity): Promise<Authorization> => ({
    scheme: 'ServicePrincipal',
    parameters: {
      tenantid: tenantId,
      serviceprincipalid: clientId,
      authenticationType: 'spnCertificate',
      servicePrincipalCertificate: await certificate(),
    },
  }),
  managed: ({ tenantId }: Pick<Identity, 'tenantId'>): Authorization => ({
    scheme: 'ManagedServiceIdentity',
    parameters: { tenantid: tenantId },
  }),
};

/** An Azure Resource Manager connection. */
export function armConnection(
  identity: Identity,
  authorization: Authorization,
  subscription: Pick<Subscription, 'id' | 'name'>,
  data: Readonly<Record<string, string>> = {},
  url = 'https://management.azure.com/',
): ServiceConnection {
  return {
    id: identity.connectionId,
    name: 'arm',
    type: 'AzureRM',
    url,
    authorization,
    data: {
      environment: 'AzureCloud',
      ScopeLevel: 'Subscription',
      SubscriptionID: subscription.id,
      SubscriptionName: subscription.name,
      ...data,
    },
  };
}

/** A Docker registry connection of the type Azure Container Registry. */
export function acrConnection(
  identity: Identity,
  { scheme, parameters }: Authorization,
  loginServer: string,
  data: Readonly<Record<string, string>> = {},
): ServiceConnection {
  return {
    id: identity.connectionId,
    name: 'acr',
    type: 'dockerregistry',
    url: `https://${loginServer}`,
    authorization: { scheme, parameters: { ...parameters, loginServer } },
    data: { registrytype: 'ACR', ...data },
  };
}

/** Docker Hub or any other registry, by user name and password. */
export function basicConnection(registry: string, username: string, password: string): ServiceConnection {
  return {
    id: '0ba51c00-0000-4000-8000-000000000001',
    name: 'acr',
    type: 'dockerregistry',
    url: registry,
    authorization: { scheme: 'UsernamePassword', parameters: { registry, username, password, email: '' } },
    data: { registrytype: 'Others' },
  };
}

export function kubernetesConnection(
  authorizationType: 'Kubeconfig' | 'ServiceAccount' | 'AzureSubscription',
  url: string,
  parameters: Readonly<Record<string, string>>,
  data: Readonly<Record<string, string>> = {},
): ServiceConnection {
  return {
    id: '4be27e70-0000-4000-8000-000000000001',
    name: 'kubernetes',
    type: 'kubernetes',
    url,
    authorization: { scheme: authorizationType === 'Kubeconfig' ? 'Kubernetes' : 'Token', parameters },
    data: { authorizationType, ...data },
  };
}
