import { identities, organization, project } from '../names.ts';
import { artifactRoutes, contentRoutes } from './devops-artifact-api.ts';
import { buildRoutes } from './devops-build-api.ts';
import { authenticated, listing, refuse, type Answer } from './devops-caller.ts';
import { devopsErrors } from './devops-errors.ts';
import { gitRoutes } from './devops-git-api.ts';
import { locationsOf } from './devops-locations.ts';
import { issueOidcToken } from './devops-oidc.ts';
import { pipelineRoutes } from './devops-pipeline-api.ts';
import { devopsIssuer, type DevOps } from './devops.ts';
import type { Exchange } from './exchange.ts';
import { parameter, route, router, type Service } from './router.ts';
import type { Settings } from './settings.ts';

const org = `/${organization.name}`;

/** `https://dev.azure.com/contoso`: the REST API of Azure DevOps, as far as pipelines and their tasks use it. */
export function createDevOps(devops: DevOps, settings: Settings): Service {
  const on = authenticated(devops);
  const connectionData: Answer = async (caller, exchange) => {
    const user = {
      id: organization.id,
      providerDisplayName: `${project.name} Build Service (${organization.name})`,
    };
    await exchange.json(200, {
      instanceId: organization.id,
      authenticatedUser: user,
      authorizedUser: user,
      locationServiceData: {},
      run: caller.id,
    });
  };

  const oidcToken: Answer = async (caller, exchange, parameters) => {
    const plan = parameter(parameters, 'plan');
    if (caller.planId !== plan || caller.jobId !== parameter(parameters, 'job'))
      throw devopsErrors.notYourPlan(plan);
    const id = exchange.query.get('serviceConnectionId')?.toLowerCase();
    const connection = Object.values(identities).find(({ connectionId }) => connectionId === id);
    if (id !== undefined && connection === undefined) throw devopsErrors.noConnection(id);
    await exchange.json(200, {
      oidcToken: await issueOidcToken(devops, caller, connection, settings),
    });
  };

  return router(
    [
      route('OPTIONS', `${org}/_apis`, (exchange) => listing(exchange, locationsOf(undefined))),
      route('OPTIONS', `${org}/_apis/{area}`, (exchange, { area }) => listing(exchange, locationsOf(area))),
      // An empty list sends clients to the collection itself, as a server with a single host does.
      route('GET', `${org}/_apis/resourceAreas`, (exchange) => exchange.json(200, { count: 0, value: null })),
      on('GET', `${org}/_apis/connectionData`, connectionData),
      on(
        'POST',
        `${org}/{project}/_apis/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken`,
        oidcToken,
      ),
      ...buildRoutes(on, devops),
      ...artifactRoutes(on, devops),
      ...pipelineRoutes(on, devops),
      ...gitRoutes(on, devops),
    ],
    noPage,
  );
}

/** Where Azure DevOps keeps the content of pipeline artifacts. */
export function createArtifactHost(devops: DevOps): Service {
  return router(contentRoutes(authenticated(devops), devops), noPage);
}

/** Where Azure DevOps publishes what its OIDC tokens are signed with. */
export function createDevOpsTokenHost(devops: DevOps): Service {
  return router(
    [
      route('GET', '/{organization}/.well-known/openid-configuration', (exchange) =>
        exchange.json(200, {
          issuer: devopsIssuer,
          jwks_uri: `${devopsIssuer}/.well-known/jwks`,
          id_token_signing_alg_values_supported: ['RS256'],
          response_types_supported: ['id_token'],
          subject_types_supported: ['public', 'pairwise'],
        }),
      ),
      route('GET', '/{organization}/.well-known/jwks', (exchange) => exchange.json(200, devops.key.keySet)),
    ],
    (exchange) => exchange.send(404, {}),
  );
}

async function noPage(exchange: Exchange): Promise<void> {
  await refuse(exchange, devopsErrors.notFound(`The page ${exchange.path}`));
}
