import { groupId, hosts, location, tenant, type Subscription } from '../names.ts';
import type { Exchange } from './exchange.ts';

export function subscriptionResource({ id, name }: Subscription): unknown {
  return {
    id: `/subscriptions/${id}`,
    authorizationSource: 'RoleBased',
    subscriptionId: id,
    tenantId: tenant.id,
    displayName: name,
    state: 'Enabled',
  };
}

export function groupResource(of: Subscription): unknown {
  return {
    id: groupId(of),
    name: of.resourceGroup,
    type: 'Microsoft.Resources/resourceGroups',
    location,
    properties: { provisioningState: 'Succeeded' },
  };
}

/** What tells a client where the rest of this cloud is. */
export async function endpoints(exchange: Exchange): Promise<void> {
  await exchange.json(200, {
    name: 'AzureCloud',
    resourceManager: `https://${hosts.management}/`,
    authentication: {
      loginEndpoint: `https://${hosts.login}/`,
      audiences: ['https://management.core.windows.net/', `https://${hosts.management}/`],
      tenant: 'common',
      identityProvider: 'AAD',
    },
    microsoftGraphResourceId: 'https://graph.microsoft.com/',
    suffixes: { acrLoginServer: 'azurecr.io', keyVaultDns: 'vault.azure.net', storage: 'core.windows.net' },
  });
}
