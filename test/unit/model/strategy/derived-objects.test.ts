import assert from 'node:assert/strict';
import type { KubernetesObject } from '../../../../core/model/kubernetes-object.ts';
import { colorManifests } from '../../../../core/model/strategy/coloring.ts';
import { decideColors } from '../../../../core/model/strategy/colors.ts';
import { readVersioned, versionConfiguration } from '../../../../core/model/strategy/configuration.ts';
import {
  canaryDeployment,
  canaryService,
  previewService,
} from '../../../../core/model/strategy/derived-objects.ts';
import { assessEndpoints } from '../../../../core/model/strategy/endpoints.ts';
import { isSelected, labelsAt, serves } from '../../../../core/model/strategy/selection.ts';

const labels = { app: 'web', tier: 'front' };
const web: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels }, spec: { containers: [{ name: 'main' }] } },
  },
};
const service: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'web',
    namespace: 'shop',
    annotations: { 'service.beta.kubernetes.io/azure-dns-label-name': 'shop' },
  },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    loadBalancerIP: '1.2.3.4',
    externalTrafficPolicy: 'Local',
    sessionAffinity: 'ClientIP',
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'http', nodePort: 30080 }],
  },
};

describe('a canary Deployment', () => {
  it('shares the labels of the stable pods where pods decide, and is told apart by one of its own', () => {
    const canary = canaryDeployment(web, 2, { deployment: 'shop.canary', apart: new Set() });
    const podLabels = labelsAt(canary, 'spec', 'template', 'metadata', 'labels');
    assert(serves(service, canary));
    assert(isSelected(labelsAt(canary, 'spec', 'selector', 'matchLabels'), podLabels));
    assert(!isSelected(labelsAt(canary, 'spec', 'selector', 'matchLabels'), labels));
  });

  it('is out of the stable Service where a route decides, and in its own', () => {
    const shape = { deployment: 'shop.canary', apart: new Set(['app']) };
    const canary = canaryDeployment(web, 2, shape);
    assert(!serves(service, canary));
    assert(serves(canaryService(service, shape), canary));
    assert(
      isSelected(
        labelsAt(canary, 'spec', 'selector', 'matchLabels'),
        labelsAt(canary, 'spec', 'template', 'metadata', 'labels'),
      ),
    );
  });

  it('has labels when the manifest gives its pods none, and the other way round', () => {
    const bare = { ...web, spec: { selector: {}, template: { spec: {} } } };
    const canary = canaryDeployment(bare, 1, { deployment: 'shop.canary', apart: new Set() });
    assert.equal(labelsAt(canary, 'spec', 'template', 'metadata', 'labels')['aks-delivery/track'], 'canary');
  });
});

describe('a preview Service', () => {
  it('keeps the ports by name, and nothing that makes it reachable from outside', () => {
    assert.deepEqual(previewService(service, 'green', 'shop.blue-green'), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'web-preview',
        namespace: 'shop',
        labels: { 'aks-delivery/strategy-of': 'shop.blue-green' },
        annotations: { 'aks-delivery/of': 'web' },
      },
      spec: {
        sessionAffinity: 'ClientIP',
        ports: [{ name: 'http', port: 80, targetPort: 'http' }],
        selector: { app: 'web', 'aks-delivery/color': 'green' },
      },
    });
  });

  it('stays headless', () => {
    const headless = { ...service, spec: { clusterIP: 'None', selector: { app: 'web' } } };
    assert.deepEqual(
      (previewService(headless, 'blue', 'x')['spec'] as { clusterIP: unknown }).clusterIP,
      'None',
    );
  });
});

describe('the colours', () => {
  const sending = (color: string | undefined): KubernetesObject => ({
    ...service,
    spec: { selector: color === undefined ? { app: 'web' } : { app: 'web', 'aks-delivery/color': color } },
  });
  for (const [name, services, active, idle] of [
    ['nothing is there', [undefined], 'none', 'blue'],
    ['an ordinary deployment serves', [sending(undefined)], 'plain', 'green'],
    ['green serves', [sending('green'), sending('green')], 'green', 'blue'],
    ['blue serves', [sending('blue'), undefined], 'blue', 'green'],
  ] as const) {
    it(`are ${active} and ${idle} when ${name}`, () => {
      assert.deepEqual(decideColors(services), { active, idle });
    });
  }

  it('are not guessed when the Services do not agree', () => {
    assert.throws(() => decideColors([sending('blue'), sending('green')]), { code: 'ApplyConflict' });
  });

  it('take the autoscaler and the configuration of their pods with them', () => {
    const reading = {
      ...web,
      spec: {
        ...(web['spec'] as object),
        template: {
          metadata: { labels },
          spec: { containers: [{ envFrom: [{ secretRef: { name: 'keys' } }] }] },
        },
      },
    };
    const objects: KubernetesObject[] = [
      reading,
      service,
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'keys', namespace: 'shop' },
        data: { key: 'eA==' },
      },
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'web', namespace: 'shop' },
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } },
      },
    ];
    const { manifests } = colorManifests(
      objects.map((object) => ({ object, origin: 'x' })),
      'green',
      'shop.blue-green',
      new Map([['shop/web', 7]]),
    );
    const names = manifests.map(({ object }) => `${object.kind} ${object.metadata.name ?? ''}`);
    assert.match(names[0] ?? '', /^Secret keys-[0-9a-f]{10}$/);
    assert.deepEqual(names.slice(1), ['Deployment web-green', 'Service web', 'HorizontalPodAutoscaler web']);
    assert.deepEqual((manifests[3]?.object['spec'] as { scaleTargetRef: unknown }).scaleTargetRef, {
      kind: 'Deployment',
      name: 'web-green',
    });
    assert.equal((manifests[1]?.object['spec'] as { replicas: unknown }).replicas, 7);
  });
});

describe('copies of configuration', () => {
  const config = (data: unknown): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'shop' },
    data,
  });
  const nameOf = (object: KubernetesObject): string | undefined =>
    versionConfiguration([{ object, origin: 'x' }], 'shop.canary').copies[0]?.object.metadata.name;

  it('have one name for the same content, in whatever order it is written', () => {
    assert.equal(nameOf(config({ a: '1', b: '2' })), nameOf(config({ b: '2', a: '1' })));
    assert.notEqual(nameOf(config({ a: '1' })), nameOf(config({ a: '2' })));
  });

  it('are read wherever a pod names them', () => {
    const names = new Map([
      ['ConfigMap shop/settings', 'settings-1'],
      ['Secret shop/keys', 'keys-1'],
    ]);
    const read = (spec: unknown): string => {
      const object = { ...web, spec: { template: { spec } } };
      const { workload } = readVersioned(object, names);
      return JSON.stringify((workload['spec'] as { template: { spec: unknown } }).template.spec);
    };
    for (const spec of [
      {
        containers: [{ envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys' } }] }],
      },
      {
        initContainers: [
          {
            env: [
              { name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } },
              { name: 'B', valueFrom: { secretKeyRef: { name: 'keys', key: 'b' } } },
            ],
          },
        ],
      },
      {
        volumes: [
          { name: 'a', configMap: { name: 'settings' } },
          { name: 'b', secret: { secretName: 'keys' } },
        ],
      },
      {
        volumes: [
          {
            name: 'a',
            projected: { sources: [{ configMap: { name: 'settings' } }, { secret: { name: 'keys' } }] },
          },
        ],
      },
    ]) {
      const text = JSON.stringify(spec);
      assert.equal(
        read(spec),
        text.replaceAll('"settings"', '"settings-1"').replaceAll('"keys"', '"keys-1"'),
      );
    }
    const untouched = {
      imagePullSecrets: [{ name: 'keys' }],
      containers: [{ name: 'settings', envFrom: [{ configMapRef: { name: 'foreign' } }] }],
    };
    assert.equal(read(untouched), JSON.stringify(untouched));
  });
});

describe('the endpoints after a switch', () => {
  const pod = (name: string, ready = true): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, uid: name },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
  const slice = (...endpoints: readonly (readonly [string, boolean?])[]): KubernetesObject => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web' },
    addressType: 'IPv4',
    endpoints: endpoints.map(([uid, ready]) => ({
      conditions: ready === undefined ? {} : { ready },
      targetRef: { uid, name: uid },
    })),
  });
  for (const [name, slices, pods, state] of [
    ['all ready pods get traffic', [slice(['a', true], ['b'])], [pod('a'), pod('b')], 'switched'],
    [
      'they are spread over slices',
      [slice(['a', true]), slice(['b', true])],
      [pod('a'), pod('b')],
      'switched',
    ],
    ['an old pod only drains', [slice(['a', true], ['old', false])], [pod('a')], 'switched'],
    ['an old pod gets traffic', [slice(['a', true], ['old', true])], [pod('a')], 'waiting'],
    ['a ready pod gets none', [slice(['a', true])], [pod('a'), pod('b')], 'waiting'],
    ['a pod is not ready', [slice(['a', true])], [pod('a'), pod('b', false)], 'switched'],
    ['no slice is there', [], [pod('a')], 'waiting'],
    ['nothing is ready', [slice()], [pod('a', false)], 'waiting'],
  ] as const) {
    it(`are ${state} when ${name}`, () => {
      assert.equal(assessEndpoints(slices, pods).state, state);
    });
  }
});
