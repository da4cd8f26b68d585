import type { Identity } from '../azure/directory.ts';
import type { Api } from '../cluster/api.ts';
import { namespace } from '../names.ts';

export interface NamespaceOwner {
  /** Who deploys here: it gets the namespace and nothing outside it. */
  readonly identity: Identity;
  /** The registry that pods pull from, with the same identity. */
  readonly registry: string;
}

/**
 * What a platform team prepares before a team's first deployment: the namespace, a role for the pipeline's identity, and
 * the pull secret on the service account that the pods run as.
 */
export async function prepareNamespace(api: Api, { identity, registry }: NamespaceOwner): Promise<void> {
  const base = `/api/v1/namespaces/${namespace}`;
  await api.apply(base, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  const metadata = { name: 'pipeline', namespace };
  await Promise.all([
    api.apply(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/pipeline`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      // Kubernetes' own role for those who work in a namespace; it cannot change quotas, roles or the namespace itself.
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: identity.objectId }],
    }),
    api.apply(`${base}/secrets/registry`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'registry', namespace },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': dockerConfig(registry, identity) },
    }),
    api.apply(`${base}/serviceaccounts/default`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
      imagePullSecrets: [{ name: 'registry' }],
    }),
  ]);
}

function dockerConfig(registry: string, { clientId, secret }: Identity): string {
  const auth = Buffer.from(`${clientId}:${secret}`).toString('base64');
  return JSON.stringify({ auths: { [registry]: { username: clientId, password: secret, auth } } });
}
