import { randomUUID } from 'node:crypto';
import { organization, project, type IdentityIds } from '../names.ts';
import type { DevOps } from './devops.ts';
import { devopsIssuer } from './devops.ts';
import { devopsErrors } from './devops-errors.ts';
import type { Run } from './devops-run.ts';
import { repositoryId } from './devops-git.ts';
import type { Settings } from './settings.ts';
import { seconds } from './tokens.ts';

export const oidcAudience = 'api://AzureADTokenExchange';

/** The subject of a service connection's tokens, which its federated credential must name. */
export function connectionSubject({ connectionName }: Pick<IdentityIds, 'connectionName'>): string {
  return `sc://${organization.name}/${project.name}/${connectionName}`;
}

/**
 * An OIDC token of a running job, for one service connection, or for the pipeline itself.
 * @throws DevOpsError when the run is over, or may not use that connection
 */
export async function issueOidcToken(
  devops: DevOps,
  run: Run,
  connection: IdentityIds | undefined,
  settings: Settings,
): Promise<string> {
  if (run.result !== undefined) throw devopsErrors.notYourPlan(run.planId);
  const allowed = run.request.connections;
  if (connection !== undefined && allowed !== undefined && !allowed.includes(connection.connectionName)) {
    throw devopsErrors.noConnection(connection.connectionId);
  }
  const now = seconds();
  return devops.key.sign({
    jti: randomUUID(),
    sub:
      connection === undefined
        ? `p://${organization.name}/${project.name}/${run.pipeline.name}`
        : connectionSubject(connection),
    aud: oidcAudience,
    iss: devopsIssuer,
    nbf: now,
    exp: now + settings.oidcTokenSeconds,
    iat: now,
    org_id: organization.id,
    prj_id: project.id,
    def_id: String(run.pipeline.id),
    rpo_id: repositoryId,
    rpo_uri: `${organization.url}${project.name}/_git/${project.name}`,
    rpo_ver: run.commit,
    rpo_ref: run.branch,
    run_id: String(run.id),
  });
}
