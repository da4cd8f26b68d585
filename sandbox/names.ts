/**
 * The fixed names of the local world: one company (Contoso, Microsoft's documented fictitious one), one Azure DevOps
 * project, two subscriptions. Everything that refers to something by name takes it from here.
 */

export const location = 'westeurope';

/** The Entra tenant. */
export const tenant: { readonly id: string; readonly name: string; readonly domain: string } = {
  id: '72f988bf-0000-4000-8000-00000000c0de',
  name: 'Contoso',
  domain: 'contoso.onmicrosoft.com',
};

/** AKS's own server application: the audience of a token for a cluster that signs in through Entra. */
export const aksServerApplication = '6dae42f8-4368-4678-94ff-3960e28e3630';

export interface Subscription {
  readonly id: string;
  readonly name: string;
  readonly resourceGroup: string;
  readonly registry: string;
  readonly cluster: ClusterName;
}

export type ClusterName = 'shop-staging' | 'shop-production';

export const subscriptions = {
  nonprod: {
    id: '5c0de000-0000-4000-8000-000000000001',
    name: 'Contoso Shop (non-production)',
    resourceGroup: 'shop-nonprod',
    registry: 'contosononprod',
    cluster: 'shop-staging',
  },
  prod: {
    id: '5c0de000-0000-4000-8000-000000000002',
    name: 'Contoso Shop (production)',
    resourceGroup: 'shop-prod',
    registry: 'contosoprod',
    cluster: 'shop-production',
  },
} as const satisfies Record<string, Subscription>;

export type IdentityName = 'ci' | 'staging' | 'promotion' | 'production';

/** Service principals: client (application) id, object id, and the Azure DevOps service connection that signs in as it. */
export interface IdentityIds {
  readonly clientId: string;
  readonly objectId: string;
  readonly connectionId: string;
  readonly connectionName: string;
}

export const identities: Record<IdentityName, IdentityIds> = {
  ci: ids('1', 'shop-ci'),
  staging: ids('2', 'shop-staging'),
  promotion: ids('3', 'shop-promotion'),
  production: ids('4', 'shop-production'),
};

function ids(digit: string, connectionName: string): IdentityIds {
  return {
    clientId: `c11e0000-0000-4000-8000-00000000000${digit}`,
    objectId: `0b1ec700-0000-4000-8000-00000000000${digit}`,
    connectionId: `5e47c000-0000-4000-8000-00000000000${digit}`,
    connectionName,
  };
}

/** Azure DevOps. */
export const organization = {
  name: 'contoso',
  id: '0a6a0000-0000-4000-8000-00000000c0de',
  url: 'https://dev.azure.com/contoso/',
} as const;

export const project: { readonly name: string; readonly id: string } = {
  name: 'shop',
  id: '9a0e0000-0000-4000-8000-000000000001',
};

export const pipelines = { ci: { id: 1, name: 'shop-ci' }, cd: { id: 2, name: 'shop-cd' } } as const;

/** Where the sample application runs. */
export const namespace = 'shop';
export const environments = ['staging', 'production'] as const;
export const services = ['storefront', 'catalog', 'orders'] as const;
export type ServiceName = (typeof services)[number];

export const hosts = {
  login: 'login.microsoftonline.com',
  management: 'management.azure.com',
  devops: 'dev.azure.com',
  /** Where Azure DevOps publishes the keys of its OIDC tokens. */
  devopsTokens: 'vstoken.dev.azure.com',
  /** Where Azure DevOps keeps pipeline artifacts. */
  artifacts: 'artprodweu3.artifacts.visualstudio.com',
} as const;

/** A registry's login server: `contosoprod.azurecr.io`. */
export function loginServer(registry: string): string {
  return `${registry}.azurecr.io`;
}

/** The host that a registry of the Premium tier redirects blob downloads to. */
export function dataHost(registry: string): string {
  return `${registry}.${location}.data.azurecr.io`;
}

/** A resource's ARM id. */
export function registryId(subscription: Subscription): string {
  return `${groupId(subscription)}/providers/Microsoft.ContainerRegistry/registries/${subscription.registry}`;
}

export function clusterId(subscription: Subscription): string {
  return `${groupId(subscription)}/providers/Microsoft.ContainerService/managedClusters/${subscription.cluster}`;
}

export function groupId(subscription: Subscription): string {
  return `/subscriptions/${subscription.id}/resourceGroups/${subscription.resourceGroup}`;
}
