/**
 * Azure's role-based access control, as far as the local world needs it.
 * Actions: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers
 */

interface Role {
  readonly actions: readonly string[];
  readonly dataActions?: readonly string[];
}

const acr = 'Microsoft.ContainerRegistry/registries';
const aks = 'Microsoft.ContainerService/managedClusters';

const roles = {
  Reader: { actions: ['*/read'] },
  Contributor: { actions: ['*'] },
  AcrPull: { actions: [`${acr}/pull/read`] },
  AcrPush: { actions: [`${acr}/pull/read`, `${acr}/push/write`] },
  AcrDelete: { actions: [`${acr}/artifacts/delete`] },
  'Container Registry Data Importer and Data Reader': {
    actions: [`${acr}/importImage/action`, `${acr}/pull/read`, `${acr}/read`],
  },
  'Container Registry Repository Reader': {
    actions: [],
    dataActions: [`${acr}/repositories/metadata/read`, `${acr}/repositories/content/read`],
  },
  'Container Registry Repository Writer': {
    actions: [],
    dataActions: [
      `${acr}/repositories/metadata/read`,
      `${acr}/repositories/content/read`,
      `${acr}/repositories/metadata/write`,
      `${acr}/repositories/content/write`,
    ],
  },
  'Container Registry Repository Contributor': { actions: [], dataActions: [`${acr}/repositories/*`] },
  'Container Registry Repository Catalog Lister': { actions: [], dataActions: [`${acr}/catalog/read`] },
  'Azure Kubernetes Service Cluster User Role': {
    actions: [`${aks}/read`, `${aks}/listClusterUserCredential/action`],
  },
  'Azure Kubernetes Service Cluster Admin Role': {
    actions: [
      `${aks}/read`,
      `${aks}/listClusterAdminCredential/action`,
      `${aks}/accessProfiles/listCredential/action`,
    ],
  },
} as const satisfies Record<string, Role>;

export type RoleName = keyof typeof roles;

interface Assignment {
  readonly objectId: string;
  readonly role: RoleName;
  readonly scope: string;
}

/** Who may do what, where. Scopes are ARM ids; an assignment holds for everything below its scope. */
export class AccessControl {
  readonly #assignments: Assignment[] = [];

  assign(objectId: string, role: RoleName, scope: string): void {
    this.#assignments.push({ objectId, role, scope });
  }

  /** Takes away the assignments of that role at exactly that scope. */
  revoke(objectId: string, role: RoleName, scope: string): void {
    for (const [index, assignment] of [...this.#assignments.entries()].reverse()) {
      const same =
        assignment.objectId === objectId && assignment.role === role && isSame(assignment.scope, scope);
      if (same) this.#assignments.splice(index, 1);
    }
  }

  /** Every assignment of one identity, to be put back later. */
  assignmentsOf(objectId: string): { role: RoleName; scope: string }[] {
    return this.#assignments.filter((assignment) => assignment.objectId === objectId);
  }

  allows(objectId: string, action: string, scope: string): boolean {
    return this.#rolesAt(objectId, scope).some((role) =>
      role.actions.some((granted) => covers(granted, action)),
    );
  }

  allowsData(objectId: string, action: string, scope: string): boolean {
    return this.#rolesAt(objectId, scope).some((role) =>
      (role.dataActions ?? []).some((granted) => covers(granted, action)),
    );
  }

  #rolesAt(objectId: string, scope: string): Role[] {
    return this.#assignments
      .filter((assignment) => assignment.objectId === objectId && isWithin(scope, assignment.scope))
      .map((assignment) => roles[assignment.role]);
  }
}

function covers(granted: string, action: string): boolean {
  const source = granted.replace(/[.\\/]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${source}$`, 'i').test(action);
}

function isWithin(scope: string, of: string): boolean {
  return isSame(scope, of) || scope.toLowerCase().startsWith(`${of.toLowerCase()}/`);
}

function isSame(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
