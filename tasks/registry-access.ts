import { createAzureCredential, type AzureCredential } from '../core/clients/azure/credential.ts';
import type { HttpClient } from '../core/clients/http/client.ts';
import { systemClock } from '../core/clients/http/system-clock.ts';
import { createRegistry } from '../core/clients/registry/client.ts';
import { anonymous, type RegistryCredential } from '../core/clients/registry/credential.ts';
import type { Registry } from '../core/clients/registry/registry.ts';
import type { Agent } from '../core/host/agent.ts';
import type { ContainerRegistryConnection } from '../core/host/connections.ts';
import type { AzureCloud } from '../core/model/azure-cloud.ts';
import type { AzureIdentity } from '../core/model/azure-identity.ts';

/**
 * Gives each registry host its client, with the service connection that is for it. An Azure connection also serves the
 * other registries of its cloud: an identity may read more than the registry that the connection was made for. All else
 * is asked anonymously.
 * @param connections the first that fits is taken
 */
export function openRegistries(
  agent: Agent,
  http: HttpClient,
  connections: readonly ContainerRegistryConnection[],
): (host: string) => Registry {
  const registries = new Map<string, Registry>();
  return (host) => {
    const known = registries.get(host);
    if (known !== undefined) return known;
    const registry = createRegistry({
      host,
      http,
      clock: systemClock,
      credential: credentialFor(agent, host, connections),
      onSecret: (value) => {
        agent.setSecret(value);
      },
    });
    registries.set(host, registry);
    return registry;
  };
}

/** The registry that a connection names. */
export function hostOf(connection: ContainerRegistryConnection): string {
  return connection.registry === 'azure' ? connection.loginServer : connection.host;
}

function credentialFor(
  agent: Agent,
  host: string,
  connections: readonly ContainerRegistryConnection[],
): RegistryCredential {
  const own = connections.find((connection) => hostOf(connection) === host);
  const neighbour = connections.find(
    (connection) => connection.registry === 'azure' && host.endsWith(connection.cloud.registrySuffix),
  );
  const connection = own ?? neighbour;
  if (connection === undefined) return anonymous;
  if (connection.registry === 'other') {
    return { kind: 'basic', username: connection.username, password: connection.password };
  }
  const { cloud, identity } = connection;
  const credential = openCredential(agent, identity, cloud, connection);
  return {
    kind: 'entra',
    identity: credential,
    tenantId: identity.tenantId,
    registrySuffix: cloud.registrySuffix,
    token: async (signal) =>
      (await credential.token(`${cloud.resourceManagerAudience}/.default`, signal)).token,
  };
}

/**
 * Signs in as the identity of a service connection, by the agent's own ways out.
 * @param connection named in messages
 */
export function openCredential(
  agent: Agent,
  identity: AzureIdentity,
  cloud: AzureCloud,
  connection?: { readonly input: string; readonly id: string },
): AzureCredential {
  const { system, proxy } = agent;
  return createAzureCredential(identity, cloud, {
    ...(system.oidcRequestUri === undefined
      ? {}
      : { oidc: { requestUri: system.oidcRequestUri, accessToken: system.accessToken } }),
    ...(proxy === undefined ? {} : { proxy }),
    connection,
    onSecret: (value) => {
      agent.setSecret(value);
    },
  });
}
