import type { Repository } from './reference.ts';

/** The Azure clouds that Azure DevOps can connect to, and the hosts that each owns. */
export interface AzureCloud {
  readonly name: 'AzureCloud' | 'AzureChinaCloud' | 'AzureUSGovernment';
  /** Entra's authority, no trailing slash. */
  readonly authority: string;
  /** Resource Manager's endpoint, no trailing slash. */
  readonly resourceManager: string;
  /** What a token for Resource Manager is asked for: `${audience}/.default`. */
  readonly resourceManagerAudience: string;
  /** Registries of this cloud end so. */
  readonly registrySuffix: string;
}

// Sources: the service-connection metadata that Azure DevOps serves for each environment, and
// https://learn.microsoft.com/azure/azure-resource-manager/management/ (sovereign cloud endpoints).
const clouds: readonly AzureCloud[] = [
  {
    name: 'AzureCloud',
    authority: 'https://login.microsoftonline.com',
    resourceManager: 'https://management.azure.com',
    resourceManagerAudience: 'https://management.azure.com',
    registrySuffix: '.azurecr.io',
  },
  {
    name: 'AzureChinaCloud',
    authority: 'https://login.chinacloudapi.cn',
    resourceManager: 'https://management.chinacloudapi.cn',
    resourceManagerAudience: 'https://management.chinacloudapi.cn',
    registrySuffix: '.azurecr.cn',
  },
  {
    name: 'AzureUSGovernment',
    authority: 'https://login.microsoftonline.us',
    resourceManager: 'https://management.usgovcloudapi.net',
    resourceManagerAudience: 'https://management.usgovcloudapi.net',
    registrySuffix: '.azurecr.us',
  },
];

export function findCloud(name: string): AzureCloud | undefined {
  return clouds.find((cloud) => cloud.name.toLowerCase() === name.toLowerCase());
}

/** The cloud whose registries carry this host's suffix: `contoso.azurecr.cn` is in China's. */
export function cloudOfRegistry(host: string): AzureCloud | undefined {
  return clouds.find((cloud) => host.toLowerCase().endsWith(cloud.registrySuffix));
}

/**
 * A repository as the log names it. An agent masks every parameter of the service connections that a step uses, and the
 * login server of a registry connection is one: `***` would tell nobody which registry is meant. Azure's registries are
 * therefore called by their resource name, `contoso/shop/web`.
 */
export function nameForLog(repository: Repository): string {
  const { registry, path } = repository;
  const suffix = cloudOfRegistry(registry)?.registrySuffix ?? '';
  return `${registry.slice(0, registry.length - suffix.length)}/${path}`;
}

export const cloudNames: readonly string[] = clouds.map((cloud) => cloud.name);
export const registrySuffixes: readonly string[] = clouds.map((cloud) => cloud.registrySuffix);
