import type { KubernetesClient } from '../../clients/kubernetes/client.ts';
import { mapConcurrently } from '../../model/concurrency.ts';
import { DeliveryError } from '../../model/errors.ts';
import { fieldAt, groupOf, textAt, type KubernetesObject } from '../../model/kubernetes-object.ts';
import { describePermissions, roleCommands, type Permission } from '../../model/permission.ts';
import type { Probe } from './probe.ts';

export interface PermissionsOptions {
  readonly client: () => KubernetesClient;
  readonly objects: () => readonly KubernetesObject[];
  /** Where objects go that name no namespace. */
  readonly namespace: () => string;
  readonly prune: boolean;
  /** How else the rights can be given: a sentence. */
  readonly remedy: () => string | undefined;
  readonly needs: readonly string[];
}

/** Who the cluster takes us for (SelfSubjectReview), and that it lets us in at all. */
export function identityProbe(client: () => KubernetesClient, needs: readonly string[]): Probe {
  return {
    name: 'Identity in the cluster',
    needs,
    run: async (signal) => {
      const user = await userOf(client(), signal);
      const version = await client().serverVersion(signal);
      return `${user} at Kubernetes ${version}`;
    },
  };
}

async function userOf(client: KubernetesClient, signal: AbortSignal): Promise<string> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} };
  const { object } = await client.create(review, {}, signal);
  return textAt(object, 'status', 'userInfo', 'username') ?? 'somebody without a name';
}

/** Whether the identity may do what the deployment of these objects does (SelfSubjectAccessReview). */
export function permissionsProbe(options: PermissionsOptions): Probe {
  return {
    name: 'Rights in the cluster',
    needs: options.needs,
    run: async (signal) => {
      const client = options.client();
      const wanted = await permissionsOf(options, client, signal);
      const answers = await mapConcurrently(wanted, 8, (permission) => isAllowed(permission, client, signal));
      const missing = wanted.filter((_, index) => answers[index] === false);
      if (missing.length === 0) return `${wanted.length} asked for, all given`;
      const user = await userOf(client, signal);
      const commands = roleCommands(missing, user).join(' && ');
      const also = options.remedy();
      throw new DeliveryError('Forbidden', `${user} may not ${describePermissions(missing)}`, {
        hint: `${commands}${also === undefined ? '' : `. ${also}`}`,
      });
    },
  };
}

async function permissionsOf(
  options: PermissionsOptions,
  client: KubernetesClient,
  signal: AbortSignal,
): Promise<readonly Permission[]> {
  const namespace = options.namespace();
  const wanted = new Map<string, Permission>();
  const put = (permission: Permission): void => {
    const { verb, group, resource } = permission;
    wanted.set([verb, group, resource, permission.namespace ?? ''].join(' '), permission);
  };
  for (const object of options.objects()) {
    const resource = await client.discovery.find(object.apiVersion, object.kind, signal);
    // A kind that the deployment itself brings can not be asked about yet.
    if (resource === undefined) continue;
    const place = resource.namespaced ? (object.metadata.namespace ?? namespace) : undefined;
    const verbs = ['get', 'create', 'patch', ...(options.prune ? ['list', 'delete'] : [])];
    for (const verb of verbs) {
      put({ verb, group: groupOf(resource.apiVersion), resource: resource.plural, namespace: place });
    }
  }
  // What every deployment does, whatever its manifests: it waits for pods and says why they fail.
  for (const verb of ['get', 'list', 'watch']) put({ verb, group: '', resource: 'pods', namespace });
  return [...wanted.values()];
}

async function isAllowed(
  { verb, group, resource, namespace }: Permission,
  client: KubernetesClient,
  signal: AbortSignal,
): Promise<boolean> {
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
