import { cloudOfRegistry, registrySuffixes } from '../model/azure-cloud.ts';
import { parseIdentity } from './azure-connection.ts';
import type { ConnectionSource } from './connection-source.ts';
import type { ContainerRegistryConnection } from './connections.ts';

/** A `dockerregistry` connection. Keys: azure-pipelines-tasks-docker-common, registryauthenticationprovider. */
export function parseRegistryConnection(source: ConnectionSource): ContainerRegistryConnection {
  const type = source.data('registrytype');
  if (type?.toLowerCase() === 'acr') return parseAzureRegistry(source);
  if (source.parameter('username') === undefined) {
    throw source.unsupported(
      'is not a Docker registry connection with a user name',
      `Name a Docker registry service connection in ${source.input}: Azure Container Registry, Docker Hub or Others.`,
    );
  }
  return {
    type: 'containerRegistry',
    registry: 'other',
    id: source.id,
    input: source.input,
    host: parseHost(source, source.parameter('registry') ?? source.url),
    username: source.required('username'),
    password: source.secret('password'),
  };
}

function parseAzureRegistry(source: ConnectionSource): ContainerRegistryConnection {
  const loginServer = source.required('loginServer').toLowerCase();
  // The host alone, of Azure's own suffixes: an Entra token goes to it. The rule that Microsoft's tasks follow too.
  const cloud = /^[a-z0-9][a-z0-9.-]*$/.test(loginServer) ? cloudOfRegistry(loginServer) : undefined;
  if (cloud === undefined) {
    throw source.refuse(
      'HostNotTrusted',
      `names the login server '${loginServer}', which is not a host of Azure Container Registry`,
      `Login servers end in ${registrySuffixes.join(' or ')}. For another registry use the type Others.`,
    );
  }
  return {
    type: 'containerRegistry',
    registry: 'azure',
    id: source.id,
    input: source.input,
    loginServer,
    cloud,
    identity: parseIdentity(source),
  };
}

/** `https://index.docker.io/v1/` is how Docker's own configuration, and so the connection, writes Docker Hub. */
function parseHost(source: ConnectionSource, registry: string | undefined): string {
  if (registry === undefined) throw source.incomplete('registry');
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(registry) ? registry : `https://${registry}`;
  if (!URL.canParse(url)) {
    throw source.unsupported(
      `names the registry '${registry}', which is no host`,
      'Write the registry as https://host[:port]/ in the service connection.',
    );
  }
  const host = new URL(url).host.toLowerCase();
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}
