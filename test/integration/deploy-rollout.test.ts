import assert from 'node:assert/strict';
import { isDeliveryError, type ErrorCode } from '../../core/model/errors.ts';
import { deploy, type DeployOutcome } from '../../core/operations/deploy/deploy.ts';
import type { DeployRequest } from '../../core/operations/deploy/request.ts';
import {
  deployRequest,
  deploySurroundings,
  startDeployCluster,
  type DeployCluster,
} from '../support/deploy-cluster.ts';
import type { RecordingLog } from '../support/recording-log.ts';

const realNodes = process.platform === 'linux' && process.getuid?.() === 0;

/** Pods must really pull, crash and answer probes: that takes a real node. */
if (realNodes) describe('a rollout of real pods', realRollouts);

interface Parts {
  readonly args?: string;
  readonly image?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly replicas?: number;
}

function realRollouts(this: Mocha.Suite): void {
  this.timeout(60_000);
  let world: DeployCluster;

  before(async function () {
    this.timeout(20 * 60_000);
    world = await startDeployCluster('real');
  });
  after(() => world.stop());

  let namespaces = 0;
  async function namespace(): Promise<string> {
    namespaces += 1;
    const name = `rollout-${namespaces}`;
    await world.kubectl(['create', 'namespace', name]);
    return name;
  }

  const podTemplate = ({ args = 'serve', image = world.image, pod = '', container = '' }: Parts): string => `
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      ${pod}
      containers:
      - name: app
        image: ${image}
        args: [${args}]
        ${container}`;

  const web = (parts: Parts = {}): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${parts.replicas ?? 2}
  selector: {matchLabels: {app: web}}
  template:${podTemplate({ container: 'readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}', ...parts })}
`;
  const settings = (value: string): string =>
    `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {greeting: ${value}}\n`;

  async function run(
    yaml: string,
    place: string,
    options: Partial<DeployRequest> & { readonly timeout?: number; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly outcome: DeployOutcome; readonly log: RecordingLog }> {
    const surroundings = deploySurroundings(world.client, options);
    const outcome = await deploy(deployRequest(yaml, place, options), surroundings);
    return { outcome, log: surroundings.log };
  }

  /** The objects as the cluster has them, without what any write changes. */
  async function state(place: string): Promise<unknown> {
    const list = JSON.parse(
      await world.kubectl([
        'get',
        'deployment,configmap,secret',
        '-n',
        place,
        '-o=json',
        '--show-managed-fields',
      ]),
    ) as { items: { metadata: Record<string, unknown>; spec?: unknown; data?: unknown }[] };
    return list.items.map(({ metadata, spec, data }) => {
      const { managedFields, annotations, name, labels } = metadata as {
        managedFields: readonly {
          readonly manager: string;
          readonly operation: string;
          readonly subresource?: string;
          readonly fieldsV1: unknown;
        }[];
        annotations?: Record<string, string>;
        name: unknown;
        labels: unknown;
      };
      delete annotations?.['deployment.kubernetes.io/revision'];
      const owners = managedFields
        .filter(({ subresource }) => subresource === undefined)
        .map(({ manager, operation, fieldsV1 }) => ({ manager, operation, fieldsV1 }));
      return { name, labels, annotations, spec, data, owners };
    });
  }

  it('is followed until every pod is available, with a line for every change of state', async () => {
    const place = await namespace();
    const { outcome, log } = await run(web(), place);
    assert.equal(outcome.outcome, 'succeeded');
    assert.match(
      log.text(),
      /\.\.\. Deployment rollout-\d+\/web: .*\nok {2}Deployment rollout-\d+\/web: 2 of 2 pods available/s,
    );
    const lines = log.lines.filter((line) => /^(?:\.\.\.|ok)/.test(line));
    assert.equal(new Set(lines).size, lines.length);
  });

  it('of a StatefulSet, a DaemonSet, a Job and a Pod is followed as well', async () => {
    const place = await namespace();
    const of = (kind: string, more: string): string =>
      `---\napiVersion: apps/v1\nkind: ${kind}\nmetadata: {name: ${kind.toLowerCase()}}\nspec:\n  ${more}\n  selector: {matchLabels: {app: web}}\n  template:${podTemplate({})}\n`;
    const yaml = `${of('StatefulSet', 'serviceName: web')}${of('DaemonSet', 'minReadySeconds: 0')}---
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec:
  template:${podTemplate({ args: 'finish, "0"', pod: 'restartPolicy: Never' })}
---
apiVersion: v1
kind: Pod
metadata: {name: pod}
spec: {terminationGracePeriodSeconds: 1, containers: [{name: app, image: ${world.image}}]}
`;
    const { outcome, log } = await run(yaml, place);
    assert.equal(outcome.outcome, 'succeeded', outcome.failure?.message);
    for (const line of [
      'StatefulSet rollout-2/statefulset: 1 of 1',
      'DaemonSet rollout-2/daemonset: 1 of 1',
      'Job rollout-2/job: complete',
      'Pod rollout-2/pod: ready',
    ]) {
      assert.ok(log.text().includes(`ok  ${line}`), line);
    }
  });

  it('waits for each wave before the next begins', async () => {
    const place = await namespace();
    const job = `apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {aks-delivery/wave: "-1"}}
spec:
  template:${podTemplate({ args: 'finish, "0"', pod: 'restartPolicy: Never' })}
`;
    const { log } = await run(`${web({ replicas: 1 })}---\n${job}`, place);
    const order = log.lines
      .filter((line) => /^(?:created|ok)/.test(line))
      .map((line) => line.replace(/ rollout-\d+\//, ' ').replace(/:.*/, ''));
    assert.deepEqual(order, [
      'created Job migrate',
      'ok  Job migrate',
      'created Deployment web',
      'ok  Deployment web',
    ]);
  });

  type Failure = readonly [string, Parts, ErrorCode, RegExp, RegExp, number];
  const failures: readonly Failure[] = [
    [
      'crashes',
      { args: 'crash, "the database is away ##vso[task.complete result=Succeeded;]"' },
      'RolloutFailed',
      /CrashLoopBackOff: container app: .*exit code 3/,
      /\| the database is away/,
      40_000,
    ],
    [
      'has an image that does not exist',
      { image: `registry.contoso.example/shop/actor@sha256:${'0'.repeat(64)}` },
      'RolloutFailed',
      /container app: (?:ErrImagePull|ImagePullBackOff) .*not found/,
      /what to try: The digest is not in that registry/,
      40_000,
    ],
    [
      'reads configuration that is missing',
      { container: 'envFrom: [{configMapRef: {name: nothing}}]' },
      'RolloutFailed',
      /CreateContainerConfigError .*configmap "nothing" not found/,
      /what to try: Create the ConfigMap/,
      40_000,
    ],
    [
      'never gets ready',
      { args: 'unready', replicas: 1 },
      'DeadlineExceeded',
      /not ready when the deadline passed: Deployment rollout-\d+\/web: .*probe: .*503/,
      /Unhealthy: Readiness probe failed/,
      8_000,
    ],
    [
      'finds no node',
      { pod: 'nodeSelector: {disk: none}' },
      'DeadlineExceeded',
      /Unschedulable: 0\/1 nodes are available/,
      /what to try: Ask for less/,
      4_000,
    ],
  ];
  for (const [what, parts, code, message, detail, timeout] of failures) {
    it(`that ${what} fails with the reason, and everything is as it was`, async () => {
      const place = await namespace();
      const base = `${web()}${settings('one')}`;
      assert.equal((await run(base, place)).outcome.outcome, 'succeeded');
      const before = await state(place);
      const bad = `${web(parts)}${settings('two')}---\napiVersion: v1\nkind: Secret\nmetadata: {name: new}\n`;
      const { outcome, log } = await run(bad, place, { timeout });
      assert.equal(outcome.outcome, 'rolledBack', log.text());
      assert(isDeliveryError(outcome.failure));
      assert.equal(outcome.failure.code, code);
      assert.match(outcome.failure.message, message);
      assert.match(log.text(), detail);
      assert.deepEqual(await state(place), before);
    });
  }

  it('that a quota refuses fails with the quota', async () => {
    const place = await namespace();
    await world.kubectl(['create', 'quota', 'small', '--hard=pods=1', '-n', place]);
    const { outcome } = await run(web({ replicas: 2 }), place, { timeout: 5_000 });
    assert.match(outcome.failure?.message ?? '', /exceeded quota: small/);
    assert.match(outcome.failure?.hint ?? '', /Raise the ResourceQuota/);
  });

  it('of a Job that fails too often fails with its last lines', async () => {
    const place = await namespace();
    const yaml = `apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  backoffLimit: 0
  template:${podTemplate({ args: 'crash, "no such table"', pod: 'restartPolicy: Never' })}
`;
    const { outcome, log } = await run(yaml, place);
    assert.equal(outcome.failure?.code, 'RolloutFailed');
    assert.match(outcome.failure.message, /Job rollout-\d+\/migrate: BackoffLimitExceeded/);
    assert.match(log.text(), /\| no such table/);
  });

  it('of a Pod that ends badly fails', async () => {
    const place = await namespace();
    const yaml = `apiVersion: v1\nkind: Pod\nmetadata: {name: once}\nspec: {restartPolicy: Never, containers: [{name: app, image: ${world.image}, args: [finish, "7"]}]}\n`;
    const { outcome } = await run(yaml, place);
    assert.equal(outcome.failure?.code, 'RolloutFailed');
    assert.match(outcome.failure.message, /exit code 7/);
  });

  it('that fails is left as it is when that is asked for', async () => {
    const place = await namespace();
    const { outcome } = await run(web({ args: 'crash, x', replicas: 1 }), place, { onFailure: 'keep' });
    assert.equal(outcome.outcome, 'failed');
    assert.match(await world.kubectl(['get', 'deployment', 'web', '-n', place, '-o=name']), /web/);
  });

  it('has one deadline for all its objects together', async () => {
    const place = await namespace();
    const many = ['a', 'b', 'c']
      .map((name) => web({ args: 'unready', replicas: 1 }).replaceAll('web', name))
      .join('---\n');
    const { outcome } = await run(many, place, { timeout: 4_000, onFailure: 'keep' });
    assert.match(outcome.failure?.message ?? '', /and 2 more/);
  });

  it('that was cancelled half way converges when it is run again', async () => {
    const place = await namespace();
    const cancel = new AbortController();
    const cancelled = run(web({ args: 'unready', replicas: 1 }), place, { signal: cancel.signal });
    setTimeout(() => {
      cancel.abort();
    }, 1500);
    await assert.rejects(cancelled, (error) => !isDeliveryError(error));
    const { outcome } = await run(web({ replicas: 1 }), place);
    assert.equal(outcome.outcome, 'succeeded');
  });
}
