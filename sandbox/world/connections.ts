import type { ServiceConnection } from '../agent/service-connection.ts';
import type { Azure } from '../azure/azure.ts';
import type { Identity } from '../azure/directory.ts';
import { loginServer, subscriptions, type Subscription } from '../names.ts';

/** A second connection of the promotion identity: it reads where the first one writes. */
const promotionSource = { id: '5e47c000-0000-4000-8000-000000000013', name: 'shop-promotion-source' };

/**
 * The project's service connections. All sign in by workload identity federation, as Microsoft advises, but for the one
 * with a secret: an identity's federated credential names one connection.
 */
export function serviceConnections({ identities }: Pick<Azure, 'identities'>): readonly ServiceConnection[] {
  const { nonprod, prod } = subscriptions;
  const { ci, staging, promotion, production } = identities;
  return [
    registry(named(ci), ci, nonprod, federated),
    resourceManager(staging, nonprod),
    registry(promotionSource, promotion, nonprod, bySecret),
    registry(named(promotion), promotion, prod, federated),
    resourceManager(production, prod),
  ];
}

interface Named {
  readonly id: string;
  readonly name: string;
}

function named(identity: Identity): Named {
  return { id: identity.connectionId, name: identity.connectionName };
}

type Authorization = ServiceConnection['authorization'];

function federated({ clientId, tenantId }: Identity): Authorization {
  return {
    scheme: 'WorkloadIdentityFederation',
    parameters: { tenantid: tenantId, serviceprincipalid: clientId },
  };
}

function bySecret({ clientId, tenantId, secret }: Identity): Authorization {
  const parameters = {
    tenantid: tenantId,
    serviceprincipalid: clientId,
    authenticationType: 'spnKey',
    serviceprincipalkey: secret,
  };
  return { scheme: 'ServicePrincipal', parameters };
}

function resourceManager(identity: Identity, subscription: Subscription): ServiceConnection {
  return {
    ...named(identity),
    type: 'AzureRM',
    url: 'https://management.azure.com/',
    authorization: federated(identity),
    data: {
      environment: 'AzureCloud',
      ScopeLevel: 'Subscription',
      SubscriptionID: subscription.id,
      SubscriptionName: subscription.name,
    },
  };
}

function registry(
  { id, name }: Named,
  identity: Identity,
  subscription: Subscription,
  authorize: (identity: Identity) => Authorization,
): ServiceConnection {
  const host = loginServer(subscription.registry);
  const { scheme, parameters } = authorize(identity);
  return {
    id,
    name,
    type: 'dockerregistry',
    url: `https://${host}`,
    authorization: { scheme, parameters: { ...parameters, loginServer: host } },
    data: { registrytype: 'ACR' },
  };
}
