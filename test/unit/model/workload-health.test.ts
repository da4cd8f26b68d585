import assert from 'node:assert/strict';
import { digestOf } from '../../../core/model/digest.ts';
import { assessSoak, podHealth, type PodHealth } from '../../../core/model/workload-health.ts';

const digest = digestOf('release');
const limits = { restarts: 0, oomKills: 0, readinessFlaps: 0, warnings: undefined };

function pod(name: string, change: Partial<PodHealth> = {}): PodHealth {
  const images = [{ container: 'main', digest }];
  return { uid: name, name, ready: true, leaving: false, restarts: 0, outOfMemory: 0, images, ...change };
}

describe('a soak', () => {
  const cases: readonly [string, readonly (readonly PodHealth[])[], object, string][] = [
    [
      'passes when nothing happens',
      [[pod('a', { restarts: 4 })], [pod('a', { restarts: 4 })]],
      {},
      'passed: 1 pod ready, 0 restarts, 0 OOM kills, 0 flaps, 0 warnings',
    ],
    ['fails without a pod', [[], []], {}, 'failed: no pod runs'],
    [
      'fails by a restart',
      [[pod('a', { restarts: 4 })], [pod('a', { restarts: 5 })]],
      {},
      'failed: 1 restarts, tolerated are 0',
    ],
    [
      'tolerates what the limit does',
      [[pod('a')], [pod('a', { restarts: 1 })]],
      { restarts: 1 },
      'passed: 1 pod ready, 1 restarts, 0 OOM kills, 0 flaps, 0 warnings',
    ],
    [
      'counts the restarts of a pod that came meanwhile',
      [[pod('a')], [pod('a'), pod('b', { restarts: 2 })]],
      {},
      'failed: 2 restarts, tolerated are 0',
    ],
    [
      'names an OOM kill',
      [[pod('a')], [pod('a', { restarts: 1, outOfMemory: 1 })]],
      { restarts: 1 },
      'failed: 1 OOM kills, tolerated are 0',
    ],
    [
      'does not count an OOM kill from before',
      [[pod('a', { restarts: 1, outOfMemory: 1 })], [pod('a', { restarts: 1, outOfMemory: 1 })]],
      {},
      'passed: 1 pod ready, 0 restarts, 0 OOM kills, 0 flaps, 0 warnings',
    ],
    [
      'counts each time that readiness is lost',
      [[pod('a')], [pod('a', { ready: false })], [pod('a')], [pod('a', { ready: false })], [pod('a')]],
      {},
      'failed: 2 readiness flaps, tolerated are 0',
    ],
    [
      'does not count a pod that is leaving',
      [
        [pod('a'), pod('b')],
        [pod('a'), pod('b', { ready: false, leaving: true })],
      ],
      {},
      'passed: 1 pod ready, 0 restarts, 0 OOM kills, 0 flaps, 0 warnings',
    ],
    [
      'fails by a pod that is not ready at the end',
      [[pod('a', { ready: false })], [pod('a', { ready: false })]],
      {},
      'failed: a is not ready at the end',
    ],
    [
      'fails by other bytes',
      [[pod('a')], [pod('a', { images: [{ container: 'main', digest: digestOf('other') }] }), pod('b')]],
      {},
      'failed: a runs an image that is not of this release',
    ],
    [
      'takes a sidecar of others',
      [
        [pod('a')],
        [
          pod('a', {
            images: [
              { container: 'main', digest },
              { container: 'mesh', digest: digestOf('mesh') },
            ],
          }),
        ],
      ],
      {},
      'passed: 1 pod ready, 0 restarts, 0 OOM kills, 0 flaps, 0 warnings',
    ],
  ];
  for (const [what, looks, change, expected] of cases) {
    it(what, () => {
      const finding = assessSoak({ looks, warnings: [], digests: [digest] }, { ...limits, ...change });
      assert.equal(`${finding.outcome}: ${finding.reason}`, expected);
    });
  }

  it('fails by warnings where they are limited, and shows the first', () => {
    const soak = { looks: [[pod('a')], [pod('a')]], warnings: ['Unhealthy probe failed'], digests: [] };
    assert.equal(assessSoak(soak, limits).outcome, 'passed');
    const finding = assessSoak(soak, { ...limits, warnings: 0 });
    assert.equal(finding.reason, '1 warnings, tolerated are 0: Unhealthy probe failed');
  });

  it('reads a pod as the API server gives it', () => {
    const read = podHealth({
      metadata: { uid: 'u', name: 'web-1' },
      spec: { containers: [{ name: 'web', image: `contoso.azurecr.io/web@${digest}` }] },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [
          {
            name: 'web',
            restartCount: 2,
            imageID: `contoso.azurecr.io/web@${digestOf('platform')}`,
            lastState: { terminated: { reason: 'OOMKilled' } },
          },
          { name: 'mesh', restartCount: 1, imageID: '' },
        ],
      },
    });
    assert.deepEqual(read, {
      uid: 'u',
      name: 'web-1',
      ready: true,
      leaving: false,
      restarts: 3,
      outOfMemory: 1,
      images: [
        { container: 'web', digest },
        { container: 'mesh', digest: undefined },
      ],
    });
  });
});
