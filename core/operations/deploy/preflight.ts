import type { ApiResource } from '../../clients/kubernetes/discovery.ts';
import { mapConcurrently } from '../../model/concurrency.ts';
import { DeliveryError } from '../../model/errors.ts';
import { fieldAt, groupOf } from '../../model/kubernetes-object.ts';
import type { PlacedObject } from './placement.ts';
import { concurrency, type DeploySurroundings } from './request.ts';

/** One thing that the deployment does to objects of one kind. */
interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string | undefined;
}

/**
 * Asks the cluster beforehand whether the identity may do what the deployment does (SelfSubjectAccessReview), so that
 * everything that is missing is told at once and before anything changes.
 * @throws DeliveryError `Forbidden` with every missing permission
 */
export async function checkPermissions(
  placed: readonly PlacedObject[],
  needs: { readonly canUndo: boolean; readonly canPrune: boolean },
  { client, log, deadline }: Pick<DeploySurroundings, 'client' | 'log' | 'deadline'>,
): Promise<void> {
  const required = new Map<string, Permission>();
  const wished = new Map<string, Permission>();
  for (const { manifest, isKindPending } of placed) {
    if (isKindPending) continue;
    const { apiVersion, kind, metadata } = manifest.object;
    const resource = await client.discovery.resourceFor(apiVersion, kind, deadline.signal);
    const verbs = metadata.name === undefined ? ['create'] : ['get', 'patch'];
    for (const verb of verbs) put(required, permissionOf(verb, resource, metadata.namespace));
    if (needs.canPrune) put(required, permissionOf('list', resource, metadata.namespace));
    if (needs.canPrune) put(required, permissionOf('delete', resource, metadata.namespace));
    if (!needs.canUndo) continue;
    for (const verb of ['update', 'delete']) put(wished, permissionOf(verb, resource, metadata.namespace));
  }
  const ask = async (permission: Permission): Promise<boolean> =>
    isAllowed(permission, client, deadline.signal);
  const [mayDo, mayUndo] = [
    [...required.values()],
    [...wished.values()].filter((one) => !required.has(keyOf(one))),
  ];
  const answers = await mapConcurrently([...mayDo, ...mayUndo], concurrency, ask);
  const missing = mayDo.filter((_, index) => answers[index] === false);
  if (missing.length > 0) throw forbidden(missing, client.name);
  const unable = mayUndo.filter((_, index) => answers[mayDo.length + index] === false);
  if (unable.length > 0) {
    log.warning(`A rollback would be incomplete: the identity may not ${describe(unable)}.`);
  }
}

async function isAllowed(
  permission: Permission,
  client: DeploySurroundings['client'],
  signal: AbortSignal,
): Promise<boolean> {
  const { verb, group, resource, namespace } = permission;
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: {},
    spec: {
      resourceAttributes: { verb, group, resource, ...(namespace === undefined ? {} : { namespace }) },
    },
  };
  const { object } = await client.create(review, {}, signal);
  return fieldAt(object, 'status', 'allowed') === true;
}

function permissionOf(verb: string, resource: ApiResource, namespace: string | undefined): Permission {
  return { verb, group: groupOf(resource.apiVersion), resource: resource.plural, namespace };
}

function keyOf({ verb, group, resource, namespace }: Permission): string {
  return [verb, group, resource, namespace ?? ''].join(' ');
}

function put(permissions: Map<string, Permission>, permission: Permission): void {
  permissions.set(keyOf(permission), permission);
}

function forbidden(missing: readonly Permission[], cluster: string): DeliveryError {
  const [first] = missing;
  const where = first?.namespace === undefined ? 'ClusterRole' : `Role in namespace ${first.namespace}`;
  return new DeliveryError('Forbidden', `the identity may not, in ${cluster}, ${describe(missing)}`, {
    hint: `Give it a ${where} with these verbs and resources, or the Azure role "Azure Kubernetes Service RBAC Writer" where the cluster uses Azure RBAC.`,
  });
}

/** `get, patch deployments.apps in shop; patch secrets in shop` */
function describe(permissions: readonly Permission[]): string {
  const verbs = new Map<string, string[]>();
  for (const { verb, group, resource, namespace } of permissions) {
    const what = `${resource}${group === '' ? '' : `.${group}`}${namespace === undefined ? '' : ` in ${namespace}`}`;
    verbs.set(what, [...(verbs.get(what) ?? []), verb]);
  }
  return [...verbs].map(([what, list]) => `${list.join(', ')} ${what}`).join('; ');
}
