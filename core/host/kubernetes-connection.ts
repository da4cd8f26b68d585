import type { ConnectionSource } from './connection-source.ts';
import type { KubernetesConnection } from './connections.ts';

/** A `kubernetes` connection. Keys: azure-pipelines-tasks-kubernetes-common, kubernetesconnection.ts. */
export function parseKubernetesConnection(source: ConnectionSource): KubernetesConnection {
  const type = source.data('authorizationType') ?? 'Kubeconfig';
  switch (type.toLowerCase()) {
    case 'kubeconfig':
      return parseKubeconfig(source);
    case 'serviceaccount':
      return parseServiceAccount(source, 'serviceAccount');
    case 'azuresubscription':
      return parseServiceAccount(source, 'azureSubscription');
    default:
      throw source.unsupported(
        `authorizes by ${type}`,
        'Use a Kubernetes service connection made from a kubeconfig, a service account or an Azure subscription.',
      );
  }
}

function parseKubeconfig(source: ConnectionSource): KubernetesConnection {
  const kubeconfig = source.parameter('kubeconfig');
  if (kubeconfig === undefined) {
    throw source.unsupported(
      'is not a Kubernetes connection with a kubeconfig',
      `Name a Kubernetes service connection in ${source.input}.`,
    );
  }
  for (const secret of secretsOfKubeconfig(kubeconfig)) source.keep(secret);
  return {
    type: 'kubernetes',
    authorization: 'kubeconfig',
    id: source.id,
    input: source.input,
    kubeconfig,
    context: source.parameter('clusterContext'),
    acceptUntrustedCertificates: acceptsUntrusted(source),
  };
}

/**
 * The agent knows the whole kubeconfig as one secret, which no log line ever equals; masking each of its lines would
 * hide `kind: Config` everywhere. So: the values of the keys that hold credentials, in YAML or JSON.
 */
export function secretsOfKubeconfig(kubeconfig: string): readonly string[] {
  const keys = 'token|password|client-key-data|id-token|refresh-token|access-token|client-secret';
  const entry = new RegExp(`["']?\\b(?:${keys})["']?[ \\t]*:[ \\t]*["']?([^\\s"',}]+)`, 'g');
  return [...kubeconfig.matchAll(entry)].flatMap((match) => match[1] ?? []);
}

function parseServiceAccount(
  source: ConnectionSource,
  authorization: 'serviceAccount' | 'azureSubscription',
): KubernetesConnection {
  const { url } = source;
  if (url === undefined || !URL.canParse(url)) {
    throw source.unsupported('has no valid server URL', 'Enter the API server as https://host[:port].');
  }
  const token = decode(source.secret('apiToken'));
  source.keep(token);
  const authority = source.parameter('serviceAccountCertificate');
  return {
    type: 'kubernetes',
    authorization,
    id: source.id,
    input: source.input,
    server: url,
    token,
    certificateAuthority: authority === undefined ? undefined : decode(authority),
    acceptUntrustedCertificates: acceptsUntrusted(source),
  };
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8').trim();
}

function acceptsUntrusted(source: ConnectionSource): boolean {
  return (
    (source.data('acceptUntrustedCerts') ?? source.parameter('acceptUntrustedCerts'))?.toLowerCase() ===
    'true'
  );
}
