import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/model/errors.ts';
import { SandboxError } from '../errors.ts';
import { type Api, describe } from './api.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import type { ExternalGround } from './ground.ts';
import { apiOf, readContext } from './kubeconfig.ts';

/**
 * A cluster of the user's own (kind, k3d, AKS): checked before anything relies on it, used as it is, and left alone at the
 * end. Its context is the one that AKS_DELIVERY_<NAME>_CONTEXT names, or else <name> or shop-<name>; the current context is
 * never used, for it may be anything.
 */
export async function openExternalCluster(options: ClusterOptions, ground: ExternalGround): Promise<Cluster> {
  const { name, directory, environment = process.env, progress = () => undefined } = options;
  const variable = `AKS_DELIVERY_${name.toUpperCase().replaceAll('-', '_')}_CONTEXT`;
  const named = environment[variable];
  const known = readContext(ground.kubeconfig, named ? [named] : [name, `shop-${name}`], variable);
  const { context, server, caPem, kubeconfig } = known;

  const api = await apiOf(kubeconfig);
  const version = await reach(api, context, server);
  await checkPermissions(api, context);
  await checkNodes(api, context);
  progress(`cluster ${name}: context ${context}, ${server}, ${version}`);

  await mkdir(join(directory, name), { recursive: true });
  const kubeconfigPath = join(directory, name, 'kubeconfig');
  await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 });
  const refuse = (what: string): Promise<never> =>
    Promise.reject(
      new SandboxError(
        'ClusterUnusable',
        `${what} is not for clusters of the user's own (context ${context})`,
        {
          hint: 'Unset KUBECONFIG to have clusters built here.',
        },
      ),
    );
  return {
    name,
    server,
    caPem,
    adminKubeconfig: kubeconfig,
    kubeconfigPath,
    nodes: 'external',
    why: ground.why,
    routed: false,
    entra: false,
    logs: undefined,
    addSimulatedNodes: () => refuse('Adding simulated nodes'),
    restart: (component) => refuse(`Restarting ${component}`),
    stop: () => Promise.resolve(),
  };
}

async function reach(api: Api, context: string, server: string): Promise<string> {
  const hint = 'Start that cluster, or unset KUBECONFIG to have clusters built here.';
  const answer = await api.ask('GET', '/version').catch((error: unknown) => {
    const message = `context ${context}: no answer from ${server}: ${messageOf(error)}`;
    throw new SandboxError('ClusterUnusable', message, { hint, cause: error });
  });
  if (answer.status !== 200) {
    throw new SandboxError('ClusterUnusable', `context ${context}: ${server} refused: ${describe(answer)}`, {
      hint,
    });
  }
  return String((answer.body as { gitVersion?: unknown }).gitVersion);
}

/** What the local world and the deployments in it do. */
const needed = [
  { verb: 'create', resource: 'namespaces' },
  { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'roles' },
  { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'rolebindings' },
  { verb: 'create', resource: 'secrets' },
  { verb: 'patch', group: 'apps', resource: 'deployments' },
  { verb: 'create', group: 'batch', resource: 'jobs' },
  { verb: 'get', resource: 'pods', subresource: 'log' },
  { verb: 'list', resource: 'nodes' },
] as const;

/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/ */
async function checkPermissions(api: Api, context: string): Promise<void> {
  const refused: string[] = [];
  for (const resourceAttributes of needed) {
    const answer = await api.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    });
    if (answer.status !== 201) {
      const message = `context ${context}: can't ask for its permissions: ${describe(answer)}`;
      throw new SandboxError('ClusterUnusable', message);
    }
    const { allowed } = (answer.body as { status: { allowed?: boolean } }).status;
    const { verb, resource } = resourceAttributes;
    if (allowed !== true) refused.push(`${verb} ${resource}`);
  }
  if (refused.length > 0) {
    throw new SandboxError('ClusterUnusable', `context ${context} may not ${refused.join(', ')}`, {
      hint: "Use an administrator's context.",
    });
  }
}

async function checkNodes(api: Api, context: string): Promise<void> {
  interface Node {
    readonly spec: { readonly unschedulable?: boolean };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }
  const answer = await api.ask('GET', '/api/v1/nodes');
  const { items = [] } = answer.body as { items?: readonly Node[] };
  const usable = items.filter(
    ({ spec, status }) =>
      spec.unschedulable !== true &&
      status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ===
        true,
  );
  if (usable.length === 0) {
    throw new SandboxError(
      'ClusterUnusable',
      `context ${context}: none of its ${items.length} nodes is Ready`,
      {
        hint: 'kubectl get nodes says more.',
      },
    );
  }
}
