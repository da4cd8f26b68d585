/** One thing that an identity does to objects of one kind in a cluster. */
export interface Permission {
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  /** Plural: `deployments`. */
  readonly resource: string;
  /** Undefined is the whole cluster. */
  readonly namespace: string | undefined;
}

/** `get, patch deployments.apps in shop; patch secrets in shop` */
export function describePermissions(permissions: readonly Permission[]): string {
  return [...byKind(permissions)]
    .map(([, all]) => {
      const [{ group, resource, namespace } = { group: '', resource: '', namespace: undefined }] = all;
      const what = `${resource}${group === '' ? '' : `.${group}`}`;
      const where = namespace === undefined ? '' : ` in ${namespace}`;
      return `${all.map(({ verb }) => verb).join(', ')} ${what}${where}`;
    })
    .join('; ');
}

/**
 * The commands that give a user exactly these permissions: a Role (or ClusterRole) and its binding for every namespace.
 * @param user as the cluster knows it: with Entra an object id
 */
export function roleCommands(permissions: readonly Permission[], user: string): readonly string[] {
  const namespaces = [...new Set(permissions.map(({ namespace }) => namespace))];
  return namespaces.flatMap((namespace) => {
    const kind = namespace === undefined ? 'clusterrole' : 'role';
    const where = namespace === undefined ? '' : ` -n ${namespace}`;
    const own = permissions.filter((permission) => permission.namespace === namespace);
    const verbSets = new Map<string, string[]>();
    for (const [, all] of byKind(own)) {
      const verbs = all.map(({ verb }) => verb).join(',');
      const [{ group, resource } = { group: '', resource: '' }] = all;
      const name = `${resource}${group === '' ? '' : `.${group}`}`;
      verbSets.set(verbs, [...(verbSets.get(verbs) ?? []), name]);
    }
    return [...verbSets].flatMap(([verbs, resources], index) => {
      const name = `delivery${index === 0 ? '' : `-${index + 1}`}`;
      return [
        `kubectl create ${kind} ${name}${where} --verb=${verbs} --resource=${resources.join(',')}`,
        `kubectl create ${kind}binding ${name}${where} --${kind}=${name} --user=${user}`,
      ];
    });
  });
}

function byKind(permissions: readonly Permission[]): ReadonlyMap<string, readonly Permission[]> {
  const kinds = new Map<string, Permission[]>();
  for (const permission of permissions) {
    const { group, resource, namespace } = permission;
    const key = [group, resource, namespace ?? ''].join(' ');
    kinds.set(key, [...(kinds.get(key) ?? []), permission]);
  }
  return kinds;
}
