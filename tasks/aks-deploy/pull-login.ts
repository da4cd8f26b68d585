import { HttpClient } from '../../core/clients/http/client.ts';
import { systemClock } from '../../core/clients/http/system-clock.ts';
import { refreshTokenUser } from '../../core/clients/registry/credential.ts';
import { exchangedToken } from '../../core/clients/registry/token-service.ts';
import type { Agent } from '../../core/host/agent.ts';
import type { ContainerRegistryConnection } from '../../core/host/connections.ts';
import type { Deadline } from '../../core/model/ports.ts';
import type { RegistryLogin } from '../../core/model/pull-secret.ts';
import { openCredential } from '../registry-access.ts';

/**
 * What the nodes sign in to the registry with: the connection's own user name and password where it has them, else a
 * refresh token of the registry, which lives three hours and is renewed by every deployment.
 */
export async function pullLogin(
  agent: Agent,
  connection: ContainerRegistryConnection,
  deadline: Deadline,
): Promise<RegistryLogin> {
  if (connection.registry === 'other') {
    return { host: connection.host, username: connection.username, password: connection.password };
  }
  const { identity, cloud, loginServer } = connection;
  if (identity.scheme === 'servicePrincipalSecret') {
    return { host: loginServer, username: identity.clientId, password: identity.secret };
  }
  const credential = openCredential(agent, identity, cloud, connection);
  const http = new HttpClient({
    clock: systemClock,
    deadline,
    proxy: agent.proxy,
    debug: (line) => {
      agent.log.debug(line);
    },
  });
  const entra = {
    kind: 'entra' as const,
    identity: credential,
    tenantId: identity.tenantId,
    registrySuffix: cloud.registrySuffix,
    token: async (signal: AbortSignal) =>
      (await credential.token(`${cloud.resourceManagerAudience}/.default`, signal)).token,
  };
  const { value } = await exchangedToken(http, new URL(`https://${loginServer}`), entra, () =>
    systemClock.now(),
  );
  agent.setSecret(value);
  return { host: loginServer, username: refreshTokenUser, password: value };
}
