import { cloudNames, findCloud, type AzureCloud } from '../model/azure-cloud.ts';
import type { AzureIdentity } from '../model/azure-identity.ts';
import type { ConnectionSource } from './connection-source.ts';
import type { AzureResourceManagerConnection } from './connections.ts';

/** An `AzureRM` connection. Keys: azure-pipelines-tasks-azure-arm-rest, azure-arm-endpoint.ts. */
export function parseAzureConnection(source: ConnectionSource): AzureResourceManagerConnection {
  if (source.data('registrytype') !== undefined) throw anotherType(source, 'a Docker registry');
  if (source.data('authorizationType') !== undefined) throw anotherType(source, 'a Kubernetes');
  return {
    type: 'azureResourceManager',
    id: source.id,
    input: source.input,
    cloud: parseCloud(source),
    identity: parseIdentity(source),
    subscriptionId: source.data('subscriptionid'),
    subscriptionName: source.data('subscriptionname'),
  };
}

function anotherType(source: ConnectionSource, type: string): Error {
  return source.unsupported(
    `is ${type} connection`,
    `Name an Azure Resource Manager connection in ${source.input}.`,
  );
}

/** The identity of an Azure or an ACR connection: both carry it under the same keys. */
export function parseIdentity(source: ConnectionSource): AzureIdentity {
  switch (source.scheme ?? 'serviceprincipal') {
    case 'serviceprincipal':
      return parseServicePrincipal(source);
    case 'workloadidentityfederation':
      return {
        scheme: 'workloadIdentityFederation',
        tenantId: source.required('tenantid'),
        clientId: source.required('serviceprincipalid'),
        connectionId: source.id,
      };
    case 'managedserviceidentity':
      return {
        scheme: 'managedIdentity',
        tenantId: source.parameter('tenantid'),
        clientId: source.data('msiclientId'),
      };
    default:
      throw source.unsupported(
        `uses the scheme ${source.scheme ?? ''}, which we cannot sign in with`,
        'Use workload identity federation, a service principal (secret or certificate) or a managed identity.',
      );
  }
}

function parseServicePrincipal(source: ConnectionSource): AzureIdentity {
  const tenantId = source.required('tenantid');
  const clientId = source.required('serviceprincipalid');
  if (source.parameter('authenticationType')?.toLowerCase() === 'spncertificate') {
    const certificate = source.secret('servicePrincipalCertificate');
    if (!certificate.includes('-----BEGIN CERTIFICATE-----') || !certificate.includes('PRIVATE KEY-----')) {
      throw source.unsupported(
        'holds a certificate that is not PEM with certificate and private key',
        'Convert it with openssl pkcs12 -in file.pfx -nodes, and paste both parts into the service connection.',
      );
    }
    return { scheme: 'servicePrincipalCertificate', tenantId, clientId, certificate };
  }
  return {
    scheme: 'servicePrincipalSecret',
    tenantId,
    clientId,
    secret: source.secret('serviceprincipalkey'),
  };
}

/**
 * The cloud by the connection's environment. Its endpoints are ours, not the connection's: a connection whose URL
 * points elsewhere is refused, because the tokens would go there.
 */
function parseCloud(source: ConnectionSource): AzureCloud {
  const name = source.data('environment') ?? 'AzureCloud';
  const cloud = findCloud(name);
  if (cloud === undefined) {
    throw source.unsupported(
      `belongs to the environment ${name}`,
      `Supported environments are ${cloudNames.join(', ')}.`,
    );
  }
  const host = hostOf(source.url);
  // management.core.windows.net is what connections made years ago still say for the public cloud.
  const legacy = cloud.name === 'AzureCloud' && host === 'management.core.windows.net';
  if (host !== undefined && host !== hostOf(cloud.resourceManager) && !legacy) {
    throw source.refuse(
      'HostNotTrusted',
      `points to ${host}, which is not Resource Manager of ${cloud.name}`,
      `Its URL must be ${cloud.resourceManager}/. Tokens are sent nowhere else.`,
    );
  }
  return cloud;
}

function hostOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).host.toLowerCase() : undefined;
}
