import assert from 'node:assert/strict';
import type { KubernetesClient } from '../../../../../core/clients/kubernetes/client.ts';
import { DeliveryError } from '../../../../../core/model/errors.ts';
import { without } from '../../../../../core/model/json.ts';
import { numberAt } from '../../../../../core/model/kubernetes-object.ts';
import { deploy } from '../../../../../core/operations/deploy/deploy.ts';
import {
  runBlueGreen,
  type BlueGreenOptions,
} from '../../../../../core/operations/deploy/strategies/blue-green.ts';
import {
  promoteColor,
  rejectColor,
} from '../../../../../core/operations/deploy/strategies/blue-green-end.ts';
import { application, requestOf, surroundingsOf } from '../../../../support/strategy/application.ts';
import { FakeCluster } from '../../../../support/strategy/fake-cluster.ts';
import { Killed, killedAt } from '../../../../support/strategy/killed.ts';

const delay = 30_000;
const options: BlueGreenOptions = { manual: false, scaleDownDelay: delay, judge: undefined };

/** An application that an ordinary rolling deployment left behind. */
async function plain(): Promise<FakeCluster> {
  const cluster = new FakeCluster();
  await deploy(requestOf(application('v1')), surroundingsOf(cluster));
  return cluster;
}

/** The same in its first colour. */
async function colored(): Promise<FakeCluster> {
  const cluster = await plain();
  await runBlueGreen(requestOf(application('v2')), options, surroundingsOf(cluster));
  return cluster;
}

/** Every version that the Services send to, in the order in which they did; an outage is an empty place. */
function witness(cluster: FakeCluster): { readonly seen: readonly string[] } {
  const seen: string[] = [];
  cluster.onChange = () => {
    for (const service of ['web', 'web-peers']) {
      const { versions, pods } = cluster.versionsBehind(service);
      const line = `${service}: ${pods === 0 ? 'nothing' : versions.join(' and ')}`;
      if (seen.filter((one) => one.startsWith(`${service}:`)).at(-1) !== line) seen.push(line);
    }
  };
  return { seen };
}

function pods(cluster: FakeCluster, name: string): number | undefined {
  return numberAt(
    cluster.select({ kind: 'Deployment' }).find((one) => one.metadata.name === name),
    'spec',
    'replicas',
  );
}

describe('a blue-green deployment', () => {
  it('adopts an ordinary deployment without an outage, and without a request for both versions', async () => {
    const cluster = await plain();
    const { seen } = witness(cluster);
    const outcome = await runBlueGreen(requestOf(application('v2')), options, surroundingsOf(cluster));
    assert.deepEqual([outcome.state, outcome.failure], ['promoted', undefined]);
    assert.deepEqual(seen, ['web: v1', 'web-peers: v1', 'web: v2', 'web-peers: v2']);
    assert.deepEqual([pods(cluster, 'web'), pods(cluster, 'web-green')], [0, 4]);
  });

  it('switches to the other colour the next time, and lets the adopted Deployment go', async () => {
    const cluster = await colored();
    const { seen } = witness(cluster);
    await runBlueGreen(requestOf(application('v3')), options, surroundingsOf(cluster));
    assert.deepEqual(seen, ['web: v2', 'web-peers: v2', 'web: v3', 'web-peers: v3']);
    assert.deepEqual(
      [pods(cluster, 'web'), pods(cluster, 'web-green'), pods(cluster, 'web-blue')],
      [undefined, 0, 4],
    );
  });

  it('begins an application that is not there yet', async () => {
    const cluster = new FakeCluster();
    const outcome = await runBlueGreen(requestOf(application('v1')), options, surroundingsOf(cluster));
    assert.deepEqual([outcome.state, outcome.failure], ['promoted', undefined]);
    assert.deepEqual(cluster.versionsBehind('web'), { versions: ['v1'], pods: 4 });
  });

  it('shows the idle colour to the checks through its preview Service before anybody else gets it', async () => {
    const cluster = await colored();
    let looked: unknown;
    const judge: BlueGreenOptions['judge'] = (subject) => {
      const preview = subject.candidate.get('shop/web') ?? '';
      looked = [cluster.versionsBehind(preview).versions, cluster.versionsBehind('web').versions];
      return Promise.resolve({ verdict: 'passed', reason: 'fine' });
    };
    await runBlueGreen(requestOf(application('v3')), { ...options, judge }, surroundingsOf(cluster));
    assert.deepEqual(looked, [['v3'], ['v2']]);
    assert.equal(
      cluster.select({ kind: 'Service' }).some((one) => one.metadata.name === 'web-preview'),
      false,
    );
  });

  for (const start of [plain, colored]) {
    it(`leaves ${start.name} as it was when a check fails, and never sends it a request`, async () => {
      const cluster = await start();
      await promoteColor(requestOf([]), delay, surroundingsOf(cluster)).catch(() => undefined);
      const before = withoutProgress(cluster);
      const { seen } = witness(cluster);
      const judge: BlueGreenOptions['judge'] = () => Promise.resolve({ verdict: 'failed', reason: 'no' });
      const outcome = await runBlueGreen(
        requestOf(application('v3')),
        { ...options, judge },
        surroundingsOf(cluster),
      );
      assert.deepEqual([outcome.state, outcome.failure?.code], ['rejected', 'GateFailed']);
      assert.equal(seen.length, 2);
      assert.deepEqual(withoutProgress(cluster), before);
    });

    it(`leaves ${start.name} as it was when the idle colour crashes`, async () => {
      const cluster = await start();
      const before = withoutProgress(cluster);
      const outcome = await runBlueGreen(requestOf(application('broken')), options, surroundingsOf(cluster));
      assert.deepEqual([outcome.state, outcome.failure?.code], ['rejected', 'RolloutFailed']);
      assert.deepEqual(withoutProgress(cluster), before);
    });
  }

  it('switches back by one action, also when the old colour is scaled down already', async () => {
    const cluster = await plain();
    const before = withoutProgress(cluster);
    await runBlueGreen(requestOf(application('v2')), options, surroundingsOf(cluster));
    const { seen } = witness(cluster);
    const outcome = await rejectColor(requestOf([]), surroundingsOf(cluster));
    assert.equal(outcome.state, 'rejected');
    assert.deepEqual(seen, ['web: v2', 'web-peers: v2', 'web: v1', 'web-peers: v1']);
    assert.deepEqual(withoutProgress(cluster), before);
  });

  it('switches back when the endpoints do not come to be those of the new pods', async () => {
    const cluster = await colored();
    const before = withoutProgress(cluster);
    const stubborn = new Proxy(cluster, {
      get(target, name) {
        const found: unknown = Reflect.get(target, name);
        if (typeof found !== 'function') return found;
        const method = found.bind(target) as (...args: unknown[]) => Promise<{ items: readonly unknown[] }>;
        if (name !== 'list') return method;
        // The endpoint controller has stopped: the slices are those of before.
        const stale = cluster.select({ kind: 'EndpointSlice' });
        return (query: { kind: string }, ...rest: unknown[]) =>
          query.kind === 'EndpointSlice' && isSwitched(cluster)
            ? Promise.resolve({ items: stale.map(emptied), resourceVersion: '1' })
            : method(query, ...rest);
      },
    });
    const outcome = await runBlueGreen(requestOf(application('v3')), options, surroundingsOf(stubborn));
    assert.deepEqual([outcome.state, outcome.failure?.code], ['rejected', 'RolloutFailed']);
    assert.deepEqual(withoutProgress(cluster), before);
  });

  it('refuses to adopt an application that is still rolling', async () => {
    const cluster = await plain();
    const scale = { spec: { template: { spec: { containers: [{ name: 'main', image: 'web:broken' }] } } } };
    await cluster.patch(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
      scale,
      { type: 'merge' },
    );
    const before = cluster.dump();
    await assert.rejects(
      runBlueGreen(requestOf(application('v2'), { force: true }), options, surroundingsOf(cluster)),
      { code: 'ApplyConflict' },
    );
    assert.deepEqual(cluster.dump(), before);
  });

  it('waits at the preview when somebody else decides, and any agent promotes', async () => {
    const cluster = await colored();
    const outcome = await runBlueGreen(
      requestOf(application('v3')),
      { ...options, manual: true },
      surroundingsOf(cluster),
    );
    assert.equal(outcome.state, 'waiting');
    assert.deepEqual(cluster.versionsBehind('web').versions, ['v2']);
    await promoteColor(requestOf([], { holder: 'another' }), delay, surroundingsOf(cluster));
    assert.deepEqual(cluster.versionsBehind('web').versions, ['v3']);
  });
});

const adopted = 'apps|Deployment|shop|web';

function isSwitched(cluster: FakeCluster): boolean {
  return cluster.versionsBehind('web').versions.includes('v3');
}

function emptied<Slice>(slice: Slice): Slice {
  return { ...slice, endpoints: [] };
}

/** The last switch stays on record so that it can be taken back; after a rejection there is none. */
function withoutProgress(cluster: FakeCluster): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(cluster.dump()).filter(([key]) => !key.endsWith('.progress')));
}

describe('a blue-green deployment whose agent is lost', function () {
  this.timeout(120_000);

  async function atEveryCall(
    start: () => Promise<FakeCluster>,
    work: (client: KubernetesClient) => Promise<unknown>,
    after: (cluster: FakeCluster, where: string) => Promise<void>,
  ): Promise<void> {
    const world = await start();
    const count = killedAt(world.clone(), Number.MAX_SAFE_INTEGER, 'before');
    await work(count.client);
    for (let call = 1; call <= count.calls; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const cluster = world.clone();
        const { seen } = witness(cluster);
        const { client } = killedAt(cluster, call, when);
        const where = `killed ${when} call ${call} of ${count.calls}`;
        await work(client).then(
          () => undefined,
          (error: unknown) => {
            assert(error instanceof Killed, `${where}: ${String(error)}`);
          },
        );
        await after(cluster, where);
        assert.deepEqual(
          seen.filter((line) => /nothing| and /.test(line)),
          [],
          where,
        );
      }
    }
  }

  for (const start of [plain, colored]) {
    const manual: BlueGreenOptions = { ...options, manual: true };
    const begin = (client: KubernetesClient): Promise<unknown> =>
      runBlueGreen(requestOf(application('v3')), manual, surroundingsOf(client));
    const begun = async (): Promise<FakeCluster> => {
      const cluster = await start();
      await begin(cluster);
      return cluster;
    };
    const promote = (client: KubernetesClient): Promise<unknown> =>
      promoteColor(requestOf([]), delay, surroundingsOf(client));
    const back = (client: KubernetesClient): Promise<unknown> =>
      rejectColor(requestOf([]), surroundingsOf(client));
    const promoted = async (): Promise<unknown> => {
      const cluster = await begun();
      await promote(cluster);
      return withoutProgress(cluster);
    };

    it(`ends a rerun of deploy and promote in the promoted state, wherever deploy was killed (${start.name})`, async () => {
      const wanted = await promoted();
      await atEveryCall(start, begin, async (cluster, where) => {
        await begin(cluster);
        await promote(cluster);
        assert.deepEqual(withoutProgress(cluster), wanted, where);
      });
    });

    it(`ends a rerun of promote in the promoted state, wherever promote was killed (${start.name})`, async () => {
      const wanted = await promoted();
      await atEveryCall(begun, promote, async (cluster, where) => {
        await promote(cluster);
        assert.deepEqual(withoutProgress(cluster), wanted, where);
      });
    });

    it(`ends reject in the state before, wherever promote was killed (${start.name})`, async () => {
      const cluster = await begun();
      await back(cluster);
      const wanted = withoutProgress(cluster);
      await atEveryCall(begun, promote, async (left, where) => {
        await back(left);
        // The Deployment that the first colour took over from goes when the second switch has settled.
        const [found, expected] = [withoutProgress(left), wanted].map((dump) =>
          start === plain ? dump : without(dump, adopted),
        );
        assert.deepEqual(found, expected, where);
      });
    });

    it(`ends a rerun of reject in the state before, wherever reject was killed (${start.name})`, async () => {
      const cluster = await begun();
      await back(cluster);
      const wanted = withoutProgress(cluster);
      await atEveryCall(begun, back, async (left, where) => {
        await back(left).catch((error: unknown) => {
          assert(error instanceof DeliveryError, where);
        });
        assert.deepEqual(withoutProgress(left), wanted, where);
      });
    });
  }
});
