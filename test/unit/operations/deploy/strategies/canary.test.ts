import assert from 'node:assert/strict';
import type { KubernetesClient } from '../../../../../core/clients/kubernetes/client.ts';
import { DeliveryError } from '../../../../../core/model/errors.ts';
import { numberAt, textAt } from '../../../../../core/model/kubernetes-object.ts';
import { deploy } from '../../../../../core/operations/deploy/deploy.ts';
import {
  advanceCanary,
  runCanary,
  type CanaryOptions,
} from '../../../../../core/operations/deploy/strategies/canary.ts';
import { promote, reject } from '../../../../../core/operations/deploy/strategies/canary-end.ts';
import type { StepSubject } from '../../../../../core/operations/deploy/strategies/judge.ts';
import { application, requestOf, surroundingsOf } from '../../../../support/strategy/application.ts';
import { FakeCluster } from '../../../../support/strategy/fake-cluster.ts';
import { Killed, killedAt } from '../../../../support/strategy/killed.ts';

const steps = [
  { weight: 20, bake: 1000 },
  { weight: 50, bake: 1000 },
];
const options: CanaryOptions = {
  steps,
  traffic: 'pods',
  constantTotal: false,
  manual: false,
  judge: undefined,
};

/** Version one, as an ordinary deployment left it. */
async function running(change: Parameters<typeof application>[1] = {}): Promise<FakeCluster> {
  const cluster = new FakeCluster();
  const outcome = await deploy(requestOf(application('v1', change)), surroundingsOf(cluster));
  assert.equal(outcome.outcome, 'succeeded');
  return cluster;
}

function deployment(
  cluster: FakeCluster,
  name: string,
): ReturnType<FakeCluster['select']>[number] | undefined {
  return cluster.select({ kind: 'Deployment' }).find((one) => one.metadata.name === name);
}

describe('a canary by pods', () => {
  it('gives step after step its pods, then promotes and leaves nothing behind', async () => {
    const cluster = await running();
    const seen: string[] = [];
    cluster.onChange = () => {
      const canary = deployment(cluster, 'web-canary');
      const stable = textAt(deployment(cluster, 'web'), 'spec', 'template', 'spec', 'containers', 0, 'image');
      const line = `${numberAt(canary, 'spec', 'replicas') ?? 0} beside ${stable ?? ''}`;
      if (seen.at(-1) !== line) seen.push(line);
    };
    const outcome = await runCanary(requestOf(application('v2')), options, surroundingsOf(cluster));
    assert.equal(outcome.state, 'promoted');
    assert.deepEqual(seen, [
      '0 beside web:v1',
      '1 beside web:v1',
      '4 beside web:v1',
      '4 beside web:v2',
      '0 beside web:v2',
    ]);
    const undisturbed = await running();
    await deploy(requestOf(application('v2')), surroundingsOf(undisturbed));
    assert.deepEqual(cluster.dump(), undisturbed.dump());
  });

  it('lets only canary pods read the new configuration', async () => {
    const cluster = await running();
    await runCanary(requestOf(application('v2')), { ...options, manual: true }, surroundingsOf(cluster));
    const settings = cluster.select({ kind: 'ConfigMap' }).find((one) => one.metadata.name === 'settings');
    assert.deepEqual(settings?.['data'], { greeting: 'v1' });
    const read = textAt(
      deployment(cluster, 'web-canary'),
      'spec',
      'template',
      'spec',
      'containers',
      0,
      'envFrom',
      0,
      'configMapRef',
      'name',
    );
    assert.match(read ?? '', /^settings-[0-9a-f]{10}$/);
    const copy = cluster.select({ kind: 'ConfigMap' }).find((one) => one.metadata.name === read);
    assert.deepEqual(copy?.['data'], { greeting: 'v2' });
  });

  it('counts by what runs, not by what the manifests say', async () => {
    const cluster = await running();
    const scale = { spec: { replicas: 12 } };
    await cluster.patch(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
      scale,
      { type: 'merge', fieldManager: 'hpa' },
    );
    const own = surroundingsOf(cluster);
    await runCanary(
      requestOf(application('v2'), { force: true }),
      { ...options, steps: [{ weight: 25, bake: 0 }], manual: true },
      own,
    );
    assert.equal(numberAt(deployment(cluster, 'web-canary'), 'spec', 'replicas'), 4);
    assert(
      own.lines.includes(
        'Deployment shop/web: 4 canary and 12 stable pods, 25% of the traffic of its Services',
      ),
    );
  });

  it('keeps the total when asked, and gives the pods and their owner back', async () => {
    const cluster = await running({ replicas: 10 });
    const before = cluster.dump();
    const constant = { ...options, constantTotal: true, manual: true };
    await runCanary(requestOf(application('v2', { replicas: 10 })), constant, surroundingsOf(cluster));
    assert.equal(numberAt(deployment(cluster, 'web-canary'), 'spec', 'replicas'), 2);
    assert.equal(numberAt(deployment(cluster, 'web'), 'spec', 'replicas'), 8);
    const next = await advanceCanary(requestOf([]), constant, surroundingsOf(cluster));
    assert.deepEqual([next.state, next.failure], ['waiting', undefined]);
    assert.equal(numberAt(deployment(cluster, 'web-canary'), 'spec', 'replicas'), 5);
    assert.equal(numberAt(deployment(cluster, 'web'), 'spec', 'replicas'), 5);
    await reject(requestOf([]), surroundingsOf(cluster));
    assert.deepEqual(cluster.dump(), before);
  });

  it('stops after each step when somebody else decides, and any agent goes on', async () => {
    const cluster = await running();
    const manual = { ...options, manual: true };
    const first = await runCanary(requestOf(application('v2')), manual, surroundingsOf(cluster));
    assert.deepEqual([first.state, first.weight], ['waiting', 20]);
    const second = await advanceCanary(requestOf([], { holder: 'another' }), manual, surroundingsOf(cluster));
    assert.deepEqual([second.state, second.weight], ['waiting', 50]);
    const last = await promote(requestOf([], { holder: 'a third' }), surroundingsOf(cluster));
    assert.equal(last.state, 'promoted');
    assert.deepEqual(cluster.versionsBehind('web'), { versions: ['v2'], pods: 4 });
  });

  it('goes on at the next weight when a deploy with the same content names it', async () => {
    const cluster = await running();
    const step = (weight: number): CanaryOptions => ({
      ...options,
      steps: [{ weight, bake: 0 }],
      manual: true,
    });
    await runCanary(requestOf(application('v2')), step(20), surroundingsOf(cluster));
    const second = await runCanary(requestOf(application('v2')), step(50), surroundingsOf(cluster));
    assert.equal(second.weight, 50);
    assert.equal(numberAt(deployment(cluster, 'web-canary'), 'spec', 'replicas'), 4);
  });

  it('asks the checks about both versions, through Services that reach one alone', async () => {
    const cluster = await running();
    const subjects: StepSubject[] = [];
    const behind: unknown[] = [];
    const judge: CanaryOptions['judge'] = (subject) => {
      subjects.push(subject);
      behind.push(cluster.versionsBehind('web-canary'), cluster.versionsBehind('web-stable'));
      return Promise.resolve({ verdict: 'passed', reason: 'all good' });
    };
    const one = { ...options, steps: [{ weight: 20, bake: 0 }], judge, manual: true };
    await runCanary(requestOf(application('v2')), one, surroundingsOf(cluster));
    assert.equal(subjects[0]?.candidate.get('shop/web'), 'web-canary');
    assert.equal(subjects[0].baseline.get('shop/web'), 'web-stable');
    assert.deepEqual(behind, [
      { versions: ['v2'], pods: 1 },
      { versions: ['v1'], pods: 4 },
    ]);
  });

  for (const verdict of ['failed', 'inconclusive'] as const) {
    it(`puts everything back when the checks are ${verdict}`, async () => {
      const cluster = await running();
      const before = cluster.dump();
      const judge = (): Promise<{ verdict: typeof verdict; reason: string }> =>
        Promise.resolve({ verdict, reason: 'no' });
      const outcome = await runCanary(
        requestOf(application('v2')),
        { ...options, judge },
        surroundingsOf(cluster),
      );
      assert.deepEqual(
        [outcome.state, outcome.failure?.code],
        ['rejected', verdict === 'failed' ? 'GateFailed' : 'GateInconclusive'],
      );
      assert.deepEqual(cluster.dump(), before);
    });
  }

  it('puts everything back when canary pods crash, and never takes a pod from stable', async () => {
    const cluster = await running();
    const before = cluster.dump();
    const outcome = await runCanary(requestOf(application('broken')), options, surroundingsOf(cluster));
    assert.deepEqual([outcome.state, outcome.failure?.code], ['rejected', 'RolloutFailed']);
    assert.deepEqual(cluster.dump(), before);
    assert.deepEqual(cluster.versionsBehind('web'), { versions: ['v1'], pods: 4 });
  });

  it('takes another release back before it begins a new one', async () => {
    const cluster = await running();
    await runCanary(requestOf(application('v2')), { ...options, manual: true }, surroundingsOf(cluster));
    await runCanary(requestOf(application('v3')), { ...options, manual: true }, surroundingsOf(cluster));
    assert.deepEqual(cluster.versionsBehind('web-canary').versions, ['v3']);
    assert.equal(cluster.select({ kind: 'ConfigMap' }).length, 2);
  });

  it('does not take over a Deployment of somebody else', async () => {
    const cluster = await running();
    await cluster.create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web-canary', namespace: 'shop' },
      spec: {},
    });
    const before = cluster.dump();
    await assert.rejects(runCanary(requestOf(application('v2')), options, surroundingsOf(cluster)), {
      code: 'ApplyConflict',
    });
    assert.deepEqual(cluster.dump(), before);
  });

  it('rejects what is not there without an error, and does not promote it', async () => {
    const cluster = await running();
    const before = cluster.dump();
    assert.equal((await reject(requestOf([]), surroundingsOf(cluster))).state, 'rejected');
    await assert.rejects(promote(requestOf([]), surroundingsOf(cluster)), { code: 'NotFound' });
    assert.deepEqual(cluster.dump(), before);
  });

  it('deploys in the ordinary way what does not run yet', async () => {
    const cluster = new FakeCluster();
    const outcome = await runCanary(requestOf(application('v1')), options, surroundingsOf(cluster));
    assert.equal(outcome.state, 'promoted');
    assert.deepEqual(cluster.versionsBehind('web'), { versions: ['v1'], pods: 4 });
  });
});

describe('a canary whose agent is lost', function () {
  this.timeout(120_000);

  /** Runs `work` once for every call it makes, killed there, and hands what is left to `after`. */
  async function atEveryCall(
    start: () => Promise<FakeCluster>,
    work: (client: KubernetesClient) => Promise<unknown>,
    after: (cluster: FakeCluster, where: string) => Promise<void>,
  ): Promise<number> {
    const world = await start();
    const count = killedAt(world.clone(), Number.MAX_SAFE_INTEGER, 'before');
    await work(count.client);
    for (let call = 1; call <= count.calls; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const cluster = world.clone();
        const { client } = killedAt(cluster, call, when);
        await work(client).then(
          () => undefined,
          (error: unknown) => {
            assert(error instanceof Killed, `call ${call}, ${when}: ${String(error)}`);
          },
        );
        await after(cluster, `killed ${when} call ${call} of ${count.calls}`);
      }
    }
    return count.calls;
  }

  const manual: CanaryOptions = { ...options, manual: true };
  const begin = (client: KubernetesClient): Promise<unknown> =>
    runCanary(requestOf(application('v2')), manual, surroundingsOf(client));
  const begun = async (): Promise<FakeCluster> => {
    const cluster = await running();
    await begin(cluster);
    return cluster;
  };
  const promoted = async (): Promise<unknown> => {
    const cluster = await begun();
    await promote(requestOf([]), surroundingsOf(cluster));
    return cluster.dump();
  };

  it('ends a rerun of reject in the state before, wherever deploy was killed', async () => {
    const before = (await running()).dump();
    const calls = await atEveryCall(running, begin, async (cluster, where) => {
      await reject(requestOf([]), surroundingsOf(cluster));
      assert.deepEqual(cluster.dump(), before, where);
    });
    assert(calls > 20);
  });

  it('ends a rerun of deploy and promote in the promoted state, wherever deploy was killed', async () => {
    const wanted = await promoted();
    await atEveryCall(running, begin, async (cluster, where) => {
      await begin(cluster);
      await promote(requestOf([]), surroundingsOf(cluster));
      assert.deepEqual(cluster.dump(), wanted, where);
    });
  });

  it('ends a rerun of promote in the promoted state, wherever promote was killed', async () => {
    const wanted = await promoted();
    await atEveryCall(
      begun,
      (client) => promote(requestOf([]), surroundingsOf(client)),
      async (cluster, where) => {
        await promote(requestOf([]), surroundingsOf(cluster)).catch((error: unknown) => {
          // Killed after the very last write: there is nothing left to promote.
          assert(error instanceof DeliveryError && error.code === 'NotFound', where);
        });
        assert.deepEqual(cluster.dump(), wanted, where);
      },
    );
  });

  it('ends reject in the state before, wherever promote was killed until it was complete', async () => {
    const before = (await running()).dump();
    const wanted = await promoted();
    await atEveryCall(
      begun,
      (client) => promote(requestOf([]), surroundingsOf(client)),
      async (cluster, where) => {
        const isComplete = !cluster
          .select({ kind: 'Secret' })
          .some((one) => one.metadata.name === 'aks-delivery.shop.progress');
        await reject(requestOf([]), surroundingsOf(cluster));
        assert.deepEqual(cluster.dump(), isComplete ? wanted : before, where);
      },
    );
  });

  it('ends a rerun of reject in the state before, wherever reject was killed', async () => {
    const before = (await running()).dump();
    await atEveryCall(
      begun,
      (client) => reject(requestOf([]), surroundingsOf(client)),
      async (cluster, where) => {
        await reject(requestOf([]), surroundingsOf(cluster));
        assert.deepEqual(cluster.dump(), before, where);
      },
    );
  });
});
