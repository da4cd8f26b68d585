/** Who a role is assigned to, as far as it is known: the object id is in every token, the client id in the connection. */
export interface Assignee {
  readonly objectId: string | undefined;
  readonly clientId: string | undefined;
}

/**
 * The command that assigns an Azure role to an identity, to be run by somebody who may. By object id where it is known:
 * it needs no look-up in the directory, and agents mask the client id in logs.
 * @param scope the resource's id, or a shell expression that gives it
 */
export function grantCommand(assignee: Assignee, role: string, scope: string): string {
  const { objectId, clientId } = assignee;
  const who =
    objectId === undefined
      ? `--assignee ${clientId ?? '"<client id of the managed identity>"'}`
      : `--assignee-object-id ${objectId} --assignee-principal-type ServicePrincipal`;
  const where = scope.startsWith('$(') || scope.includes(' ') ? `"${scope}"` : scope;
  return `az role assignment create ${who} --role "${role}" --scope ${where}`;
}

/** The id of a registry of which only the login server is known, as a shell expression. */
export function registryScope(loginServer: string): string {
  return `$(az acr show --name ${loginServer.split('.')[0] ?? loginServer} --query id --output tsv)`;
}
