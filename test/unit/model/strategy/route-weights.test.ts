import assert from 'node:assert/strict';
import type { KubernetesObject } from '../../../../core/model/kubernetes-object.ts';
import {
  canaryIngress,
  ingressBackends,
  ingressShare,
} from '../../../../core/model/strategy/ingress-canary.ts';
import {
  httpRoute,
  isForeign,
  virtualService,
  withCanary,
  withoutCanary,
} from '../../../../core/model/strategy/route-weights.ts';

const backends = new Map([['web', 'web-canary']]);

function route(kind: 'HTTPRoute' | 'VirtualService', spec: unknown): KubernetesObject {
  const apiVersion = kind === 'HTTPRoute' ? 'gateway.networking.k8s.io/v1' : 'networking.istio.io/v1';
  return { apiVersion, kind, metadata: { name: 'web', namespace: 'shop' }, spec };
}

describe('a route that splits by weights', () => {
  const plain = route('HTTPRoute', {
    hostnames: ['shop.example'],
    rules: [
      { matches: [{ path: { value: '/' } }], backendRefs: [{ name: 'web', port: 80 }] },
      {
        backendRefs: [
          { name: 'web', port: 80, weight: 9 },
          { name: 'other', port: 80, weight: 1 },
        ],
      },
      { backendRefs: [{ name: 'web', namespace: 'elsewhere', port: 80 }] },
      { backendRefs: [{ group: 'example.io', kind: 'Bucket', name: 'web' }] },
      { filters: [{ type: 'RequestRedirect' }] },
    ],
  });

  it('gives the canary its part of each rule, and leaves what is not its Service alone', () => {
    const split = withCanary(httpRoute, plain, backends, 25);
    const { rules, hostnames } = split['spec'] as { rules: unknown[]; hostnames: unknown };
    assert.deepEqual(hostnames, ['shop.example']);
    assert.deepEqual(rules[0], {
      matches: [{ path: { value: '/' } }],
      backendRefs: [
        { name: 'web', port: 80, weight: 75 },
        { name: 'web-canary', port: 80, weight: 25 },
      ],
    });
    assert.deepEqual(rules[1], {
      backendRefs: [
        { name: 'web', port: 80, weight: 675 },
        { name: 'web-canary', port: 80, weight: 225 },
        { name: 'other', port: 80, weight: 100 },
      ],
    });
    assert.deepEqual(rules.slice(2), (plain['spec'] as { rules: unknown[] }).rules.slice(2));
    assert.equal(httpRoute.shareOf(split, backends), 25);
  });

  it('reckons every weight from the rules of its author, and gives them back exactly', () => {
    let current = plain;
    for (const weight of [10, 12.5, 33, 99]) {
      current = withCanary(httpRoute, current, backends, weight);
      assert.equal(httpRoute.shareOf(current, backends), weight);
    }
    assert.deepEqual(withoutCanary(httpRoute, current, backends), plain);
    assert.equal(withoutCanary(httpRoute, plain, backends), plain);
  });

  it('keeps what somebody else has changed meanwhile', () => {
    const split = withCanary(httpRoute, plain, backends, 50);
    const rules = (split['spec'] as { rules: unknown[] }).rules;
    const changed = {
      ...split,
      spec: { hostnames: ['shop.example'], rules: [rules[0], { backendRefs: [{ name: 'new', port: 1 }] }] },
    };
    assert.equal(isForeign(httpRoute, split, backends), false);
    assert.equal(isForeign(httpRoute, changed, backends), true);
    assert.deepEqual(withoutCanary(httpRoute, changed, backends)['spec'], {
      hostnames: ['shop.example'],
      rules: [
        { matches: [{ path: { value: '/' } }], backendRefs: [{ name: 'web', port: 80, weight: 100 }] },
        { backendRefs: [{ name: 'new', port: 1 }] },
      ],
    });
  });

  it('keeps whole percents that add up to 100 in Istio, whatever the host is called', () => {
    for (const host of ['web', 'web.shop', 'web.shop.svc.cluster.local']) {
      const before = route('VirtualService', {
        hosts: ['shop.example'],
        http: [{ route: [{ destination: { host, subset: 'v1', port: { number: 80 } } }] }],
      });
      const split = withCanary(virtualService, before, backends, 25);
      assert.deepEqual(split['spec'], {
        hosts: ['shop.example'],
        http: [
          {
            route: [
              { destination: { host, subset: 'v1', port: { number: 80 } }, weight: 75 },
              { destination: { host: host.replace('web', 'web-canary'), port: { number: 80 } }, weight: 25 },
            ],
          },
        ],
      });
      assert.equal(virtualService.shareOf(split, backends), 25);
      assert.deepEqual(withoutCanary(virtualService, split, backends), before);
    }
  });

  it('does not take a Service of another name or namespace for its own', () => {
    const hosts = ['webshop', 'web.elsewhere', 'web.elsewhere.svc.cluster.local', 'web-canary'];
    for (const host of hosts) {
      const other = route('VirtualService', { http: [{ route: [{ destination: { host } }] }] });
      assert.deepEqual(virtualService.backendsOf(other, ['web']), [], host);
    }
  });
});

describe('a canary of ingress-nginx', () => {
  const ingress: KubernetesObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'shop',
      namespace: 'shop',
      annotations: { 'nginx.ingress.kubernetes.io/rewrite-target': '/' },
    },
    spec: {
      ingressClassName: 'nginx',
      tls: [{ secretName: 'certificate' }],
      defaultBackend: { service: { name: 'web', port: { name: 'http' } } },
      rules: [
        {
          host: 'shop.example',
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: 'web', port: { name: 'http' } } },
              },
              {
                path: '/other',
                pathType: 'Prefix',
                backend: { service: { name: 'other', port: { number: 80 } } },
              },
              {
                path: '/files',
                pathType: 'Prefix',
                backend: { resource: { kind: 'Bucket', name: 'files' } },
              },
            ],
          },
        },
      ],
    },
  };

  it('has the same hosts and paths with the canary behind them, default backend included', () => {
    const canary = canaryIngress(ingress, backends, 25, 'shop.canary');
    assert.equal(canary.metadata.name, 'shop-canary');
    assert.deepEqual(canary.metadata.annotations, {
      'aks-delivery/of': 'shop',
      'nginx.ingress.kubernetes.io/canary': 'true',
      'nginx.ingress.kubernetes.io/canary-weight': '25',
    });
    const service = { service: { name: 'web-canary', port: { name: 'http' } } };
    assert.deepEqual(canary['spec'], {
      ingressClassName: 'nginx',
      defaultBackend: service,
      rules: [
        { host: 'shop.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend: service }] } },
      ],
    });
    assert.equal(ingressShare(canary), 25);
  });

  it('gives parts of a percent as parts of ten thousand', () => {
    assert.equal(ingressShare(canaryIngress(ingress, backends, 12.5, 'shop.canary')), 12.5);
  });

  it('finds its Services, and takes a resource for none', () => {
    assert.deepEqual(ingressBackends(ingress, ['web', 'files', 'absent']), ['web']);
  });
});
