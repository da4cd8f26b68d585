import { digestOf } from '../../core/model/digest.ts';
import { mediaTypes } from '../../core/model/descriptor.ts';
import {
  withDeployment,
  withPromotions,
  withVerdict,
  type CheckResult,
  type Deployment,
  type GateVerdict,
  type Release,
} from '../../core/model/release.ts';

/** A release of three services on its whole way, for tests of what reads a record. Contoso is fictitious. */
const services = ['storefront', 'catalog', 'orders'] as const;
const commit = '8f14e45fceea167a5a36dedd4bea2543f3c1a9b2';
const ci = {
  id: '4711',
  pipeline: 'shop-ci',
  number: '20261120.7',
  url: 'https://dev.azure.com/contoso/shop/_build/results?buildId=4711',
};
const cd = {
  id: '4720',
  pipeline: 'shop-cd',
  number: '20261121.2',
  url: 'https://dev.azure.com/contoso/shop/_build/results?buildId=4720',
};

export function digestFor(service: string, version = '2.4.0') {
  return digestOf(`${service} ${version}`);
}

const nonprod = (service: string) => ({ registry: 'contosononprod.azurecr.io', path: `shop/${service}` });
const prod = (service: string) => ({ registry: 'contosoprod.azurecr.io', path: `shop/${service}` });

export const resolved: Release = {
  schemaVersion: 1,
  name: '2.4.0',
  createdAt: '2026-11-21T01:12:04Z',
  source: { repository: 'https://dev.azure.com/contoso/shop/_git/shop', branch: 'refs/heads/main', commit },
  run: ci,
  images: services.map((service, index) => ({
    name: service,
    source: `contosononprod.azurecr.io/shop/${service}:2.4.0`,
    repository: nonprod(service),
    digest: digestFor(service),
    mediaType: mediaTypes.ociIndex,
    size: 41_200_000 + index * 7_300_000,
    platforms: ['linux/amd64', 'linux/arm64/v8'],
    createdAt: '2026-11-20T22:40:00Z',
    commit,
    version: '2.4.0',
    run: ci,
  })),
  promotions: [],
  deployments: [],
  verdicts: [],
};

export function deployment(
  environment: 'staging' | 'production',
  change: Partial<Deployment> = {},
): Deployment {
  const [startedAt, finishedAt] =
    environment === 'staging'
      ? ['2026-11-21T01:13:10Z', '2026-11-21T01:13:58Z']
      : ['2026-11-21T01:58:30Z', '2026-11-21T01:59:41Z'];
  return {
    environment,
    cluster: `shop-${environment}`,
    namespace: 'shop',
    strategy: 'rolling',
    images: services.map((service) => ({
      image: service,
      repository: environment === 'staging' ? nonprod(service) : prod(service),
      digest: digestFor(service),
      previous: service === 'orders' ? digestFor(service) : digestFor(service, '2.3.1'),
    })),
    objects: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        namespace: 'shop',
        name: 'storefront',
        action: 'configured',
      },
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'catalog', action: 'configured' },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'shop',
        name: 'storefront-settings',
        action: 'created',
      },
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        namespace: 'shop',
        name: 'nightly-export',
        action: 'deleted',
      },
      ...services.map((service) => ({
        apiVersion: 'v1',
        kind: 'Service',
        namespace: 'shop',
        name: service,
        action: 'unchanged' as const,
      })),
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'orders', action: 'unchanged' },
    ],
    outcome: 'succeeded',
    startedAt,
    finishedAt,
    run: cd,
    ...change,
  };
}

export const checks: readonly CheckResult[] = [
  check('storefront answers', 'http', {
    reason: '5 of 5 measurements passed: status 200 in 14 ms',
    measurements: 5,
    series: [{ name: 'time', unit: 'milliseconds', limit: 250, points: [31, 18, 22, 15, 14] }],
  }),
  check('catalog under load', 'http', {
    reason: '400 requests, 0.25% errors, p50 12 ms, p95 48 ms, p99 131 ms',
    series: [
      { name: 'p50', unit: 'milliseconds', points: [12] },
      { name: 'p95', unit: 'milliseconds', limit: 200, points: [48] },
      { name: 'p99', unit: 'milliseconds', limit: 400, points: [131] },
      { name: 'errors', unit: 'ratio', limit: 0.01, points: [0.0025] },
    ],
  }),
  check('smoke tests', 'job', { reason: 'the Job completed' }),
  check('order latency trend', 'prometheus', {
    required: false,
    verdict: 'inconclusive',
    reason: 'the query found no sample',
  }),
];

function check(name: string, kind: string, change: Partial<CheckResult>): CheckResult {
  return {
    name,
    kind,
    verdict: 'passed',
    required: true,
    reason: 'it passed',
    measurements: 1,
    startedAt: '2026-11-21T01:14:02Z',
    finishedAt: '2026-11-21T01:15:20Z',
    ...change,
  };
}

export function verdict(change: Partial<GateVerdict> = {}): GateVerdict {
  return {
    gate: 'acceptance',
    environment: 'staging',
    verdict: 'passed',
    reason: 'all 3 required checks passed; advisory, not passed: order latency trend',
    images: services.map((service) => ({ image: service, digest: digestFor(service) })),
    checks,
    evidence: {
      keyId: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      attached: services.map((service) => ({
        image: service,
        repository: nonprod(service),
        manifest: digestOf(`evidence of ${service}`),
      })),
    },
    startedAt: '2026-11-21T01:14:02Z',
    finishedAt: '2026-11-21T01:15:20Z',
    run: cd,
    ...change,
  };
}

const promotions = services.map((service, index) => ({
  image: service,
  digest: digestFor(service),
  from: nonprod(service),
  to: prod(service),
  tags: ['2.4.0'],
  method: 'copy' as const,
  bytes: service === 'orders' ? 0 : 18_300_000 + index * 900_000,
  at: `2026-11-21T01:57:0${index}Z`,
  run: cd,
}));

/** Resolved, deployed to staging, accepted, promoted, deployed to production. */
export const released: Release = withDeployment(
  withPromotions(withVerdict(withDeployment(resolved, deployment('staging')), verdict()), promotions),
  deployment('production'),
);

/** Went to production without the evidence that was required. */
export const overridden: Release = {
  ...released,
  overrides: [
    {
      gate: 'soak',
      environment: 'staging',
      reason: 'Hotfix for the outage of 21 November, agreed with the duty manager.',
      by: 'Release manager of the night',
      action: 'promotion',
      missing: ['storefront sha256:da8e707ffb19: gate soak in staging: there is no evidence'],
      at: '2026-11-21T01:56:00Z',
      run: cd,
    },
  ],
};

/** Deployed to staging and refused there by one required check. */
export const rejected: Release = withVerdict(
  withDeployment(resolved, deployment('staging')),
  verdict({
    verdict: 'failed',
    reason: 'catalog under load: p95 612 ms, allowed are 200 ms, of 400 requests',
    checks: checks.map((one) =>
      one.name === 'catalog under load'
        ? {
            ...one,
            verdict: 'failed',
            reason: 'p95 612 ms, allowed are 200 ms, of 400 requests',
            series: [
              { name: 'p95', unit: 'milliseconds', limit: 200, points: [88, 120, 190, 340, 512, 560, 612] },
              {
                name: 'errors',
                unit: 'ratio',
                limit: 0.01,
                points: [0, 0, 0.0025, 0.005, 0.02, 0.03, 0.0375],
              },
            ],
          }
        : one,
    ),
  }),
);
