import assert from 'node:assert/strict';
import { DeliveryError } from '../../../../core/model/errors.ts';
import {
  fieldAt,
  objectsAt,
  textAt,
  type KubernetesObject,
  type ObjectReference,
} from '../../../../core/model/kubernetes-object.ts';
import type { Look } from '../../../../core/operations/gate/kind.ts';
import { job } from '../../../../core/operations/gate/kinds/job.ts';
import { Settings } from '../../../../core/operations/gate/settings.ts';
import type { ClusterDoor, ListRequest, Tools } from '../../../../core/operations/gate/tools.ts';
import { deployment, digestFor, resolved } from '../../../support/sample-release.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

/** A cluster with room for one Job, whose pod lives through the given states, one per look at it. */
class FakeCluster implements ClusterDoor {
  readonly created: KubernetesObject[] = [];
  readonly removed: ObjectReference[] = [];
  refuse: Error | undefined;
  events: string[] = [];
  /** Whether a removal removes. */
  obeys = true;
  log = ['first line', '##vso[task.complete]second line'];
  readonly #states: readonly { readonly job?: object; readonly pod?: object }[];
  #looks = 0;

  constructor(...states: readonly { readonly job?: object; readonly pod?: object }[]) {
    this.#states = states;
  }

  #now() {
    return this.#states[Math.min(this.#looks, this.#states.length - 1)];
  }

  askService(): never {
    throw new Error('not asked here');
  }

  create(object: KubernetesObject) {
    if (this.refuse !== undefined) return Promise.reject(this.refuse);
    this.created.push(object);
    return Promise.resolve();
  }

  read() {
    const [first] = this.removed.length > 0 && this.obeys ? [] : this.created;
    return Promise.resolve(first === undefined ? undefined : { ...first, status: this.#now()?.job ?? {} });
  }

  list(request: ListRequest) {
    if (request.kind === 'Event') {
      return Promise.resolve(
        this.events.map((message) => ({ apiVersion: 'v1', kind: 'Event', metadata: {}, message })),
      );
    }
    const pod = this.#now()?.pod;
    this.#looks += 1;
    if (pod === undefined) return Promise.resolve([]);
    return Promise.resolve([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod-1' }, status: pod }]);
  }

  remove(reference: ObjectReference) {
    this.removed.push(reference);
    return Promise.resolve();
  }

  async *followLog() {
    for (const line of this.log) yield await Promise.resolve(line);
  }
}

const pulling = { pod: { containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] } };
const running = {
  pod: { containerStatuses: [{ state: { running: { startedAt: '2026-11-21T01:00:00Z' } } }] },
};
const complete = {
  job: { conditions: [{ type: 'Complete', status: 'True' }] },
  pod: { containerStatuses: [{ state: { terminated: { exitCode: 0 } } }] },
};
const failed = {
  job: { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] },
  pod: { containerStatuses: [{ state: { terminated: { exitCode: 2, message: 'one test failed' } } }] },
};
const stuck = {
  pod: {
    containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff', message: 'no such digest' } } }],
  },
};

async function run(cluster: FakeCluster, settings: object = {}, signal = new AbortController().signal) {
  const clock = virtualClock();
  const tools: Tools = { clock, cluster, http: { send: () => Promise.reject(new Error('not asked here')) } };
  const output: string[] = [];
  const look: Look = {
    check: 'Smoke tests!',
    signal,
    deadline: clock.now() + 60_000,
    note: () => undefined,
    output: (line) => output.push(line),
  };
  const release = { ...resolved, deployments: [deployment('production')] };
  const probe = job.parse(Settings.of({ image: 'storefront', ...settings }, 'check'), {
    release,
    environment: 'production',
    namespace: 'shop',
  });
  const finding = await probe.measure(tools, look);
  return { finding, output };
}

describe('a check of kind job', () => {
  it('passes when the Job completes, shows its log and removes it', async () => {
    const cluster = new FakeCluster({}, pulling, running, complete);
    const { finding, output } = await run(cluster);
    assert.deepEqual(finding, { outcome: 'passed', reason: 'the Job completed' });
    assert.deepEqual(output, cluster.log);
    assert.equal(cluster.removed.length, 1);
    assert.equal(cluster.removed[0]?.name, cluster.created[0]?.metadata.name);
  });

  it('runs the image by the digest and from the registry that the environment pulls from', async () => {
    const cluster = new FakeCluster(complete);
    await run(cluster);
    const [created] = cluster.created;
    const container = objectsAt(created, 'spec', 'template', 'spec', 'containers')[0];
    assert.equal(
      textAt(container, 'image'),
      `contosoprod.azurecr.io/shop/storefront@${digestFor('storefront')}`,
    );
    assert.match(created?.metadata.name ?? '', /^gate-smoke-tests-[0-9a-f]{8}$/);
    assert.equal(fieldAt(created, 'spec', 'backoffLimit'), 0);
    assert.equal(fieldAt(created, 'spec', 'activeDeadlineSeconds'), 60);
    assert.equal(fieldAt(created, 'spec', 'template', 'spec', 'automountServiceAccountToken'), false);
  });

  it('gives the pod what the settings say and nothing else', async () => {
    const cluster = new FakeCluster(complete);
    await run(cluster, {
      args: ['-v'],
      env: { BASE_URL: 'http://storefront' },
      secretEnv: { TOKEN: 'shop-tests/token' },
      imagePullSecrets: ['pull'],
      serviceAccount: 'tester',
      limits: { memory: '64Mi' },
    });
    const spec = fieldAt(cluster.created[0], 'spec', 'template', 'spec');
    const container = objectsAt(spec, 'containers')[0];
    assert.ok(container);
    assert.deepEqual(container['args'], ['-v']);
    assert.equal('command' in container, false);
    assert.deepEqual(container['env'], [
      { name: 'BASE_URL', value: 'http://storefront' },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'shop-tests', key: 'token' } } },
    ]);
    assert.deepEqual(container['resources'], { limits: { memory: '64Mi' } });
    assert.deepEqual(fieldAt(spec, 'imagePullSecrets'), [{ name: 'pull' }]);
    assert.equal(textAt(spec, 'serviceAccountName'), 'tester');
    assert.equal(fieldAt(spec, 'automountServiceAccountToken'), true);
  });

  it('fails with the exit code and the last words', async () => {
    const cluster = new FakeCluster(running, failed);
    const { finding } = await run(cluster);
    assert.deepEqual(finding, { outcome: 'failed', reason: 'the Job failed: exit code 2: one test failed' });
    assert.equal(cluster.removed.length, 1);
  });

  it('could not ask when the image cannot be pulled', async () => {
    const cluster = new FakeCluster(pulling, stuck);
    const { finding } = await run(cluster);
    assert.equal(finding.outcome, 'error');
    assert.equal(finding.reason, 'the Job cannot run: ImagePullBackOff: no such digest');
    assert.equal(cluster.removed.length, 1);
  });

  it('could not ask when the cluster refuses the pod', async () => {
    const cluster = new FakeCluster({});
    cluster.events = ['pods "x" is forbidden: violates PodSecurity'];
    const { finding } = await run(cluster);
    assert.equal(finding.reason, 'the Job gets no pod: pods "x" is forbidden: violates PodSecurity');
    assert.equal(finding.outcome, 'error');
  });

  it('keeps to the restricted Pod Security Standard unless told otherwise', async () => {
    const cluster = new FakeCluster(complete);
    await run(cluster, { runAsUser: 65532 });
    const spec = fieldAt(cluster.created[0], 'spec', 'template', 'spec');
    assert.deepEqual(fieldAt(spec, 'securityContext'), {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
      runAsUser: 65532,
    });
    assert.deepEqual(fieldAt(spec, 'containers', 0, 'securityContext'), {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    const baseline = new FakeCluster(complete);
    await run(baseline, { security: 'baseline' });
    assert.equal(fieldAt(baseline.created[0], 'spec', 'template', 'spec', 'securityContext'), undefined);
  });

  it('removes the Job also when the run is cancelled', async () => {
    const cluster = new FakeCluster(running);
    const cancellation = new AbortController();
    const under = run(cluster, {}, cancellation.signal);
    cancellation.abort(new Error('cancelled'));
    await assert.rejects(under, /cancelled/);
    assert.equal(cluster.removed.length, 1);
  });

  it('says so when the Job stays though it was removed', async () => {
    const cluster = new FakeCluster(complete);
    cluster.obeys = false;
    assert.match((await run(cluster)).output.at(-1) ?? '', /was to be removed and is still there/);
  });

  it('removes by name even where creating was cut off', async () => {
    const cluster = new FakeCluster();
    cluster.refuse = new DeliveryError('Forbidden', 'cannot create jobs');
    await assert.rejects(run(cluster), /cannot create jobs/);
    assert.equal(cluster.removed.length, 1);
  });

  it('could not ask when somebody else deletes the Job', async () => {
    const cluster = new FakeCluster(running);
    cluster.read = () => Promise.resolve(undefined);
    assert.equal((await run(cluster)).finding.outcome, 'error');
  });
});
