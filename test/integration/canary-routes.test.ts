import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../core/model/kubernetes-object.ts';
import { ingressShare } from '../../core/model/strategy/ingress-canary.ts';
import { httpRoute, virtualService } from '../../core/model/strategy/route-weights.ts';
import type { TrafficProviderName } from '../../core/model/strategy/progress.ts';
import { deploy } from '../../core/operations/deploy/deploy.ts';
import type { DeployRequest } from '../../core/operations/deploy/request.ts';
import {
  advanceCanary,
  runCanary,
  type CanaryOptions,
} from '../../core/operations/deploy/strategies/canary.ts';
import { promote, reject } from '../../core/operations/deploy/strategies/canary-end.ts';
import {
  deployRequest,
  deploySurroundings,
  startDeployCluster,
  type DeployCluster,
} from '../support/deploy-cluster.ts';
import { routeDefinitions, routes } from '../support/strategy/routes.ts';
import { service } from '../support/strategy/traffic-journey.ts';

/**
 * No mesh and no ingress controller runs here, so no request passes through these routes: what is proved is that a real
 * API server takes what is written, keeps it, and gives the author's routes back exactly.
 */
describe('a canary behind a route', function () {
  this.timeout(90_000);
  let world: DeployCluster;

  before(async function () {
    this.timeout(20 * 60_000);
    world = await startDeployCluster();
    for (const definition of routeDefinitions) await world.kubectl(['apply', '-f', '-'], definition);
    for (const { spec } of routeDefinitions) {
      const name = `${spec.names.plural}.${spec.group}`;
      await world.kubectl(['wait', '--for=condition=Established', `crd/${name}`, '--timeout=30s']);
    }
    // The server publishes a new kind a moment after it has established it.
    await sleep(1_000);
  });
  after(() => world.stop());

  const read = async (place: string, kind: string): Promise<KubernetesObject[]> => {
    const text = await world.kubectl(['get', kind, '-n', place, '-o=json', '--show-managed-fields']);
    return (JSON.parse(text) as { items: KubernetesObject[] }).items;
  };

  for (const [traffic, kind] of [
    ['gatewayApi', 'httproutes.gateway.networking.k8s.io'],
    ['ingressNginx', 'ingresses.networking.k8s.io'],
    ['istio', 'virtualservices.networking.istio.io'],
  ] as const satisfies readonly (readonly [TrafficProviderName, string])[]) {
    const place = `routes-${traffic.toLowerCase()}`;
    const yaml = (version: string): string => `${service(world.image, version, 2)}---\n${routes[traffic]}`;
    const request = (version?: string): DeployRequest =>
      version === undefined
        ? deployRequest('', place, { manifests: [] })
        : deployRequest(yaml(version), place);
    const options: CanaryOptions = {
      steps: [
        { weight: 25, bake: 0 },
        { weight: 50, bake: 0 },
      ],
      traffic,
      constantTotal: false,
      manual: true,
      judge: undefined,
    };

    it(`of ${traffic} gets its weights, is rejected without a trace, and is promoted`, async () => {
      await world.kubectl(['create', 'namespace', place]);
      const first = await deploy(request('v1'), deploySurroundings(world.client));
      assert.equal(first.failure, undefined);
      const before = (await read(place, kind)).map(essence);

      const begun = await runCanary(request('v2'), options, deploySurroundings(world.client));
      assert.deepEqual([begun.state, begun.failure], ['waiting', undefined]);
      assert.deepEqual(weightsOf(await read(place, kind)), [25]);
      const endpoints = await world.kubectl(['get', 'pods', '-n', place, '-l', 'app=web', '-o=name']);
      assert.equal(endpoints.trim().split('\n').length, 2, 'the stable Service selects stable pods alone');
      await advanceCanary(request(), options, deploySurroundings(world.client));
      assert.deepEqual(weightsOf(await read(place, kind)), [50]);

      await reject(request(), deploySurroundings(world.client));
      assert.deepEqual((await read(place, kind)).map(essence), before);
      const left = [
        'get',
        'all,configmaps,secrets,ingresses',
        '-n',
        place,
        '-l',
        'aks-delivery/strategy-of',
        '-o=name',
      ];
      assert.equal(await world.kubectl(left), '');

      await runCanary(request('v2'), options, deploySurroundings(world.client));
      const done = await promote(request(), deploySurroundings(world.client));
      assert.deepEqual([done.state, done.failure], ['promoted', undefined]);
      assert.deepEqual((await read(place, kind)).map(essence), before);
      assert.equal(await world.kubectl(left), '');
    });
  }
});

/** What the author and the managers of fields would see: everything but times and counts. */
function essence({ metadata, ...rest }: KubernetesObject): unknown {
  const managers = (
    metadata['managedFields'] as readonly { manager: string; operation: string; fieldsV1: unknown }[]
  )
    .filter(({ operation }) => operation === 'Apply')
    .map(({ manager, fieldsV1 }) => ({ manager, fieldsV1 }));
  return { ...rest, name: metadata.name, annotations: metadata.annotations, managers };
}

function weightsOf(objects: readonly KubernetesObject[]): readonly number[] {
  const backends = new Map([['web', 'web-canary']]);
  return objects.flatMap((object) => {
    switch (object.kind) {
      case 'HTTPRoute':
        return httpRoute.shareOf(object, backends) ?? [];
      case 'VirtualService':
        return virtualService.shareOf(object, backends) ?? [];
      default:
        return ingressShare(object) ?? [];
    }
  });
}
