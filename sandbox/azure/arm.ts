import { randomUUID } from 'node:crypto';
import { groupId, hosts, subscriptions, tenant, type Subscription } from '../names.ts';
import type { AcrRegistry } from './acr-registry.ts';
import type { AcrTokens } from './acr-token.ts';
import { authenticateArm, type ArmAuthentication, type ArmCaller } from './arm-caller.ts';
import { adminCredential, clusterResource, userCredential, type RegisteredCluster } from './arm-clusters.ts';
import { ArmError, armErrors } from './arm-errors.ts';
import type { Operations } from './arm-operations.ts';
import { registryResource, startImport } from './arm-registries.ts';
import { endpoints, groupResource, subscriptionResource } from './arm-subscriptions.ts';
import type { Exchange } from './exchange.ts';
import { parameter, route, router, type Handler, type RouteParameters, type Service } from './router.ts';

export interface ArmOptions extends ArmAuthentication {
  readonly registries: readonly AcrRegistry[];
  readonly clusters: ReadonlyMap<string, RegisteredCluster>;
  readonly tokens: AcrTokens;
  readonly operations: Operations;
}

const registryType = 'Microsoft.ContainerRegistry/registries';
const clusterType = 'Microsoft.ContainerService/managedClusters';
const subscription = '/subscriptions/{subscription}';
const group = `${subscription}/resourceGroups/{group}`;

/** Azure Resource Manager: subscriptions, groups, managed clusters and registries of the local world. */
export function createArm(options: ArmOptions): Service {
  const arm = new Arm(options);
  return router(
    [
      route('GET', '/metadata/endpoints', endpoints),
      arm.route('GET', '/subscriptions', arm.listSubscriptions),
      arm.route('GET', subscription, arm.getSubscription),
      arm.route('GET', `${subscription}/resourceGroups`, arm.listGroups),
      arm.route('GET', group, arm.getGroup),
      arm.route('GET', `${subscription}/providers/${clusterType}`, arm.listClusters),
      arm.route('GET', `${group}/providers/${clusterType}`, arm.listClusters),
      arm.route('GET', `${group}/providers/${clusterType}/{name}`, arm.getCluster),
      arm.route(
        'POST',
        `${group}/providers/${clusterType}/{name}/listClusterUserCredential`,
        arm.userCredential,
      ),
      arm.route(
        'POST',
        `${group}/providers/${clusterType}/{name}/listClusterAdminCredential`,
        arm.adminCredential,
      ),
      arm.route('GET', `${subscription}/providers/${registryType}`, arm.listRegistries),
      arm.route('GET', `${group}/providers/${registryType}`, arm.listRegistries),
      arm.route('GET', `${group}/providers/${registryType}/{name}`, arm.getRegistry),
      arm.route('POST', `${group}/providers/${registryType}/{name}/importImage`, arm.importImage),
      arm.route('POST', `${group}/providers/${registryType}/{name}/listCredentials`, arm.listCredentials),
      arm.route(
        'GET',
        `${subscription}/providers/{provider}/locations/{location}/operationResults/{id}`,
        arm.poll,
      ),
    ],
    (exchange) =>
      guarded(exchange, () =>
        Promise.reject(
          new ArmError(
            404,
            'InvalidResourceType',
            `The request path '${exchange.path}' is not served by the local Azure.`,
          ),
        ),
      ),
  );
}

type Answer = (caller: ArmCaller, exchange: Exchange, parameters: RouteParameters) => Promise<void>;

class Arm {
  readonly #options: ArmOptions;

  constructor(options: ArmOptions) {
    this.#options = options;
  }

  /** A route behind authentication; what it throws as an ArmError is answered as such. */
  route(method: string, pattern: string, answer: Answer): ReturnType<typeof route> {
    const handler: Handler = (exchange, parameters) =>
      guarded(exchange, async () => {
        const caller = await authenticateArm(exchange, this.#options);
        if (!exchange.query.has('api-version')) throw armErrors.missingVersion();
        await answer(caller, exchange, parameters);
      });
    return route(method, pattern, handler);
  }

  readonly listSubscriptions: Answer = async (caller, exchange) => {
    const visible = Object.values(subscriptions).filter((candidate) => this.#sees(caller, candidate));
    await exchange.json(200, {
      value: visible.map(subscriptionResource),
      count: { type: 'Total', value: visible.length },
    });
  };

  readonly getSubscription: Answer = async (caller, exchange, parameters) => {
    await exchange.json(200, subscriptionResource(this.#subscription(caller, parameters)));
  };

  readonly listGroups: Answer = async (caller, exchange, parameters) => {
    await exchange.json(200, { value: [groupResource(this.#subscription(caller, parameters))] });
  };

  readonly getGroup: Answer = async (caller, exchange, parameters) => {
    const found = this.#subscription(caller, parameters);
    requireGroup(found, parameters);
    await exchange.json(200, groupResource(found));
  };

  /** Lists hold what the caller may read, and are empty rather than refused. */
  readonly listClusters: Answer = async (caller, exchange, parameters) => {
    const found = this.#inScope(parameters, [...this.#options.clusters.values()]);
    const resources = found.map((cluster) => ({
      cluster,
      id: idOf(cluster.subscription, clusterType, cluster.name),
    }));
    const readable = resources.filter(({ id }) => caller.can(`${clusterType}/read`, id));
    await exchange.json(200, { value: readable.map(({ cluster }) => clusterResource(cluster)) });
  };

  readonly getCluster: Answer = async (caller, exchange, parameters) => {
    await exchange.json(200, clusterResource(this.#cluster(caller, 'read', parameters)));
  };

  readonly userCredential: Answer = async (caller, exchange, parameters) => {
    const cluster = this.#cluster(caller, 'listClusterUserCredential/action', parameters);
    await exchange.json(200, userCredential(cluster, exchange.query.get('format')));
  };

  readonly adminCredential: Answer = async (caller, exchange, parameters) => {
    const cluster = this.#cluster(caller, 'listClusterAdminCredential/action', parameters);
    await exchange.json(200, adminCredential(cluster));
  };

  readonly listRegistries: Answer = async (caller, exchange, parameters) => {
    const found = this.#inScope(parameters, this.#options.registries);
    const readable = found.filter(({ id }) => caller.can(`${registryType}/read`, id));
    await exchange.json(200, { value: readable.map(registryResource) });
  };

  readonly getRegistry: Answer = async (caller, exchange, parameters) => {
    await exchange.json(200, registryResource(this.#registry(caller, 'read', parameters)));
  };

  readonly importImage: Answer = async (caller, exchange, parameters) => {
    const target = this.#registry(caller, 'importImage/action', parameters);
    await startImport(exchange, caller, target, this.#options);
  };

  readonly listCredentials: Answer = async (caller, exchange, parameters) => {
    const registry = this.#registry(caller, 'listCredentials/action', parameters);
    if (!registry.settings.adminUserEnabled) {
      throw new ArmError(
        400,
        'UnAuthorizedForCredentialOperations',
        `Cannot perform credential operations for ${registry.id} as admin user is disabled. Kindly enable admin user as per docs: https://docs.microsoft.com/en-us/azure/container-registry/container-registry-authentication#admin-account`,
      );
    }
    const passwords = ['password', 'password2'].map((name) => ({ name, value: registry.adminPassword }));
    await exchange.json(200, { username: registry.name, passwords });
  };

  readonly poll: Answer = async (_caller, exchange, parameters) => {
    await this.#options.operations.poll(
      exchange,
      parameter(parameters, 'subscription'),
      parameter(parameters, 'id'),
    );
  };

  #sees(caller: ArmCaller, candidate: Subscription): boolean {
    const ids = [
      `/subscriptions/${candidate.id}`,
      idOf(candidate, registryType, candidate.registry),
      idOf(candidate, clusterType, candidate.cluster),
    ];
    return this.#options.access
      .assignmentsOf(caller.identity.objectId)
      .some(({ scope }) => ids.some((id) => id.toLowerCase().startsWith(scope.toLowerCase())));
  }

  #subscription(caller: ArmCaller, parameters: RouteParameters): Subscription {
    const id = parameter(parameters, 'subscription');
    const found = Object.values(subscriptions).find((candidate) => candidate.id === id.toLowerCase());
    if (found === undefined) throw armErrors.noSubscription(id);
    if (!this.#sees(caller, found))
      caller.require('Microsoft.Resources/subscriptions/read', `/subscriptions/${id}`);
    return found;
  }

  #inScope<Resource extends { readonly subscription: Subscription }>(
    parameters: RouteParameters,
    all: readonly Resource[],
  ): Resource[] {
    const id = parameter(parameters, 'subscription').toLowerCase();
    const found = Object.values(subscriptions).find((candidate) => candidate.id === id);
    if (found === undefined) throw armErrors.noSubscription(id);
    if (parameters['group'] !== undefined) requireGroup(found, parameters);
    return all.filter((resource) => resource.subscription.id === id);
  }

  /** Rights come before existence: who may not ask learns nothing. */
  #cluster(caller: ArmCaller, action: string, parameters: RouteParameters): RegisteredCluster {
    caller.require(`${clusterType}/${action}`, scopeOf(clusterType, parameters));
    const found = this.#inScope(parameters, [...this.#options.clusters.values()]);
    return named(found, clusterType, parameters);
  }

  #registry(caller: ArmCaller, action: string, parameters: RouteParameters): AcrRegistry {
    caller.require(`${registryType}/${action}`, scopeOf(registryType, parameters));
    return named(this.#inScope(parameters, this.#options.registries), registryType, parameters);
  }
}

async function guarded(exchange: Exchange, answer: () => Promise<void>): Promise<void> {
  exchange.response.setHeader('x-ms-request-id', randomUUID());
  exchange.response.setHeader('x-ms-correlation-request-id', randomUUID());
  try {
    await answer();
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    if (error.status === 401) {
      const challenge = `Bearer authorization_uri="https://${hosts.login}/${tenant.id}", error="invalid_token", error_description="${error.message}"`;
      exchange.response.setHeader('www-authenticate', challenge);
    }
    await exchange.json(error.status, { error: { code: error.code, message: error.message } });
  }
}

function named<Resource extends { readonly name: string }>(
  found: readonly Resource[],
  type: string,
  parameters: RouteParameters,
): Resource {
  const name = parameter(parameters, 'name');
  const resource = found.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  if (resource === undefined) throw armErrors.noResource(type, name, parameter(parameters, 'group'));
  return resource;
}

function requireGroup(of: Subscription, parameters: RouteParameters): void {
  const name = parameter(parameters, 'group');
  if (of.resourceGroup.toLowerCase() !== name.toLowerCase()) throw armErrors.noGroup(name);
}

/** The ARM id that the request's path names. */
function scopeOf(type: string, parameters: RouteParameters): string {
  const [id, of, name] = ['subscription', 'group', 'name'].map((part) => parameter(parameters, part));
  return `/subscriptions/${id ?? ''}/resourceGroups/${of ?? ''}/providers/${type}/${name ?? ''}`;
}

function idOf(of: Subscription, type: string, name: string): string {
  return `${groupId(of)}/providers/${type}/${name}`;
}
