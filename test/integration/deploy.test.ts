import assert from 'node:assert/strict';
import type { KubernetesObject } from '../../core/model/kubernetes-object.ts';
import { isDeliveryError, type ErrorCode } from '../../core/model/errors.ts';
import { deploy, type DeployOutcome } from '../../core/operations/deploy/deploy.ts';
import { chooseEntry, readHistory } from '../../core/operations/deploy/history.ts';
import { planAll } from '../../core/operations/deploy/prepare.ts';
import { deleteManifests } from '../../core/operations/deploy/remove.ts';
import type { DeployRequest } from '../../core/operations/deploy/request.ts';
import {
  deployRequest,
  deploySurroundings,
  startDeployCluster,
  type DeployCluster,
} from '../support/deploy-cluster.ts';

const settings = (name: string, value: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${more}}\ndata: {greeting: ${value}}\n`;

describe('a deployment to a real API server', function () {
  this.timeout(60_000);
  let world: DeployCluster;

  before(async function () {
    this.timeout(20 * 60_000);
    world = await startDeployCluster();
  });
  after(() => world.stop());

  let namespaces = 0;
  /** Every test has a namespace of its own. */
  async function namespace(): Promise<string> {
    namespaces += 1;
    const name = `test-${namespaces}`;
    await world.kubectl(['create', 'namespace', name]);
    return name;
  }

  async function run(
    yaml: string,
    place: string,
    options: Partial<DeployRequest> = {},
  ): Promise<DeployOutcome> {
    const outcome = await deploy(deployRequest(yaml, place, options), deploySurroundings(world.client));
    if (outcome.failure !== undefined) throw outcome.failure;
    return outcome;
  }

  const actions = (outcome: DeployOutcome): readonly string[] =>
    outcome.objects.map(({ kind, name, action }) => `${action} ${kind} ${name}`);

  async function read(kind: string, name: string, place: string): Promise<KubernetesObject> {
    return JSON.parse(
      await world.kubectl(['get', kind, name, '-n', place, '-o=json', '--show-managed-fields']),
    ) as KubernetesObject;
  }

  async function refused(code: ErrorCode, work: Promise<unknown>, message: RegExp): Promise<void> {
    await assert.rejects(
      work,
      (error) =>
        isDeliveryError(error) &&
        error.code === code &&
        message.test(error.message) &&
        error.hint !== undefined,
    );
  }

  const app = (more = ''): string =>
    `${settings('settings', 'hello')}---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: hunter2}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: ${world.image}
        ports: [{containerPort: 8080}]
        env: [{name: A, value: b}]
        resources: {requests: {cpu: 100m}}
${more}`;

  it('creates what is not there, then finds nothing to do and writes nothing', async () => {
    const place = await namespace();
    const first = await run(app(), place, { annotations: { 'aks-delivery/run': 'https://example.com/1' } });
    assert.deepEqual(actions(first), [
      'created ConfigMap settings',
      'created Secret keys',
      'created Deployment web',
    ]);
    const before = await read('deployment', 'web', place);
    const second = await run(app(), place, { annotations: { 'aks-delivery/run': 'https://example.com/2' } });
    assert.deepEqual(actions(second), [
      'unchanged ConfigMap settings',
      'unchanged Secret keys',
      'unchanged Deployment web',
    ]);
    assert.deepEqual((await read('deployment', 'web', place)).metadata, before.metadata);
  });

  it('shows the fields that change, a Secret without its values, and changes only them', async () => {
    const place = await namespace();
    await run(app(), place);
    const surroundings = deploySurroundings(world.client);
    const changed = app()
      .replace('hello', 'good morning')
      .replace('hunter2', 'hunter3')
      .replace('replicas: 0', 'replicas: 0\n  minReadySeconds: 1');
    const outcome = await deploy(deployRequest(changed, place), surroundings);
    assert.equal(outcome.failure, undefined);
    const log = surroundings.log.text();
    assert.match(
      log,
      /~ ConfigMap test-\d+\/settings {2}app\.yaml:1\n {4}data\.greeting: hello -> good morning/,
    );
    assert.match(log, /data\.password: \(secret, changed\)/);
    assert.match(log, /spec\.minReadySeconds: \(none\) -> 1/);
    assert.doesNotMatch(log, /hunter|aHVudGVy/);
    assert.equal((await read('deployment', 'web', place))['spec'] !== undefined, true);
  });

  it('takes out a field that left the manifest', async () => {
    const place = await namespace();
    await run(settings('settings', 'a', ', labels: {team: shop}'), place);
    await run(settings('settings', 'a'), place);
    assert.equal((await read('configmap', 'settings', place)).metadata.labels, undefined);
  });

  it('keeps what an autoscaler or a person set in fields that the manifest leaves out', async () => {
    const place = await namespace();
    await run(app().replace('  replicas: 0\n', ''), place, { onFailure: 'keep' }).catch(() => undefined);
    await world.kubectl(['scale', 'deployment/web', '--replicas=0', '-n', place]);
    const outcome = await run(app().replace('  replicas: 0\n', ''), place);
    assert.equal(outcome.objects.find(({ kind }) => kind === 'Deployment')?.action, 'unchanged');
  });

  it('puts objects of one name into the namespaces that they name, and the rest into the given one', async () => {
    const [one, other] = [await namespace(), await namespace()];
    const yaml = `${settings('web', 'a')}---\n${settings('web', 'b', `, namespace: ${other}`)}`;
    await run(yaml, one);
    assert.deepEqual((await read('configmap', 'web', one))['data'], { greeting: 'a' });
    assert.deepEqual((await read('configmap', 'web', other))['data'], { greeting: 'b' });
  });

  it('brings a namespace, a kind and an object of the kind in one deployment', async () => {
    const place = `fresh-${namespaces}`;
    const yaml = `apiVersion: example.com/v1
kind: Widget
metadata: {name: first}
spec: {size: 3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
---
apiVersion: v1
kind: Namespace
metadata: {name: ${place}}
`;
    const outcome = await run(yaml, place);
    assert.deepEqual(actions(outcome), [
      'created Namespace ' + place,
      'created CustomResourceDefinition widgets.example.com',
      'created Widget first',
    ]);
  });

  it('refuses before anything changes, all objects in one message', async () => {
    const place = await namespace();
    const yaml = `${settings('good', 'a')}---
apiVersion: v1
kind: Service
metadata: {name: bad}
spec: {ports: [{port: 80, colour: red}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: Not_A_Name}
`;
    await refused(
      'ApplyRefused',
      run(yaml, place),
      /refuses 2 objects: .*(?:colour|Not_A_Name).*; .*(?:colour|Not_A_Name)/s,
    );
    assert.equal(
      await world.kubectl([
        'get',
        'configmap',
        '-n',
        place,
        '-o=name',
        '--field-selector=metadata.name=good',
      ]),
      '',
    );
  });

  it('refuses a kind that the server does not know, naming the file', async () => {
    const place = await namespace();
    await refused(
      'KindUnknown',
      run('apiVersion: example.org/v1\nkind: Nothing\nmetadata: {name: x}\n', place),
      /app\.yaml:1: .*Nothing/,
    );
  });

  it('refuses a namespace that does not exist', async () => {
    await refused('NotFound', run(settings('a', 'b'), 'nowhere'), /namespaces "nowhere" not found/);
  });

  it('refuses a change to what can not be changed, and says how a Job is replaced', async () => {
    const place = await namespace();
    const job = (image: string, annotation = ''): string =>
      `apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate${annotation}}\nspec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: m, image: ${image}}]}}}\n`;
    await run(job('a'), place);
    await assert.rejects(
      run(job('b'), place),
      (error) => isDeliveryError(error) && /aks-delivery\/replace/.test(error.hint ?? ''),
    );
    const before = await read('job', 'migrate', place);
    await run(job('b', ', annotations: {aks-delivery/replace: "true"}'), place);
    assert.notEqual((await read('job', 'migrate', place)).metadata.uid, before.metadata.uid);
  });

  describe('when another manager owns a field', () => {
    it('names the manager and the field, and changes nothing', async () => {
      const place = await namespace();
      await run(settings('settings', 'ours'), place);
      await world.kubectl(
        ['apply', '--server-side', '--force-conflicts', '--field-manager=somebody', '-n', place, '-f', '-'],
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'settings' },
          data: { greeting: 'theirs' },
        },
      );
      await refused(
        'ApplyConflict',
        run(settings('settings', 'new'), place),
        /conflict with "somebody".*data\.greeting/s,
      );
      assert.deepEqual((await read('configmap', 'settings', place))['data'], { greeting: 'theirs' });
      await run(settings('settings', 'new'), place, { force: true });
      assert.deepEqual((await read('configmap', 'settings', place))['data'], { greeting: 'new' });
    });

    it('takes over from kubectl without being told: a pipeline has moved', async () => {
      const place = await namespace();
      const object = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings' },
        data: { greeting: 'old' },
      };
      await world.kubectl(['apply', '-n', place, '-f', '-'], object);
      const surroundings = deploySurroundings(world.client);
      const outcome = await deploy(deployRequest(settings('settings', 'new'), place), surroundings);
      assert.equal(outcome.outcome, 'succeeded');
      assert.match(surroundings.log.text(), /takes fields over from kubectl-client-side-apply/);
    });
  });

  it('passes on what the server warns of', async () => {
    const place = await namespace();
    const surroundings = deploySurroundings(world.client);
    const yaml = `apiVersion: v1\nkind: Endpoints\nmetadata: {name: old}\nsubsets: []\n`;
    await planAll(deployRequest(yaml, place), surroundings);
    assert.match(surroundings.log.warnings.join('\n'), /Endpoints test-\d+\/old: .*deprecated/);
  });

  it('creates an object with generateName anew every time', async () => {
    const place = await namespace();
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: run-}\n';
    await run(yaml, place);
    await run(yaml, place);
    const names = await world.kubectl(['get', 'configmap', '-n', place, '-o=name']);
    assert.equal(names.match(/configmap\/run-/g)?.length, 2);
  });

  describe('with an identity of few rights', () => {
    it('names everything that is missing at once, before anything changes', async () => {
      const place = await namespace();
      const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }];
      const client = await world.clientWith(place, rules);
      await refused(
        'Forbidden',
        deploy(deployRequest(app(), place), deploySurroundings(client)),
        /may not, in .*, get, patch (?:secrets|deployments\.apps) in test-\d+; get, patch (?:secrets|deployments\.apps) in test-\d+/,
      );
      assert.equal(
        await world.kubectl(['get', 'configmap', 'settings', '-n', place, '--ignore-not-found', '-o=name']),
        '',
      );
    });

    it('deploys with no more than it needs, and says what a rollback could not do', async () => {
      const place = await namespace();
      const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch'] }];
      const client = await world.clientWith(place, rules);
      const surroundings = deploySurroundings(client);
      const outcome = await deploy(deployRequest(settings('a', 'b'), place), surroundings);
      assert.equal(outcome.outcome, 'succeeded');
      assert.match(
        surroundings.log.warnings.join('\n'),
        /A rollback would be incomplete: .*update, delete configmaps/,
      );
    });
  });

  describe('that prunes', () => {
    const two = `${settings('keep', 'a')}---\n${settings('drop', 'a')}`;

    it('removes what has left the manifests, the last of its kind as well, and nothing else', async () => {
      const place = await namespace();
      await world.kubectl(['create', 'configmap', 'stranger', '-n', place]);
      await run(`${two}---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot}\n`, place, {
        prune: true,
      });
      const outcome = await run(settings('keep', 'a'), place, { prune: true });
      assert.deepEqual([...actions(outcome)].sort(), [
        'deleted ConfigMap drop',
        'deleted ServiceAccount robot',
        'unchanged ConfigMap keep',
      ]);
      const names = await world.kubectl(['get', 'configmap', '-n', place, '-o=name']);
      assert.deepEqual(names.trim().split('\n'), [
        'configmap/keep',
        'configmap/kube-root-ca.crt',
        'configmap/stranger',
      ]);
    });

    it('keeps what is protected', async () => {
      const place = await namespace();
      await run(
        two.replace('{name: drop}', '{name: drop, annotations: {aks-delivery/prune: "false"}}'),
        place,
        { prune: true },
      );
      await run(settings('keep', 'a'), place, { prune: true });
      assert.equal((await read('configmap', 'drop', place)).metadata.name, 'drop');
    });

    it('keeps a set that kubectl reads by the same id, and leaves the sets of kubectl alone', async () => {
      const place = await namespace();
      await run(two, place, { prune: true });
      const parent = await read('secret', 'app', place);
      const id = parent.metadata.labels?.['applyset.kubernetes.io/id'] ?? '';
      assert.match(
        await world.kubectl([
          'get',
          'configmap',
          '-n',
          place,
          '-o=name',
          `-l=applyset.kubernetes.io/part-of=${id}`,
        ]),
        /drop\n.*keep/,
      );
      const other = await namespace();
      process.env['KUBECTL_APPLYSET'] = 'true';
      try {
        await world.kubectl(['apply', '-n', other, '--prune', '--applyset=app', '-f', '-'], {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'x', namespace: other },
        });
        await assert.rejects(
          world.kubectl(['apply', '-n', place, '--prune', '--applyset=app', '-f', '-'], {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: 'x', namespace: place },
          }),
          /tooling.*aks-delivery/s,
        );
      } finally {
        delete process.env['KUBECTL_APPLYSET'];
      }
      const theirs = await read('secret', 'app', other);
      assert.match(theirs.metadata.labels?.['applyset.kubernetes.io/id'] ?? '', /^applyset-.*-v1$/);
      await refused('ApplyConflict', run(two, other, { prune: true }), /is an apply set of kubectl/);
    });
  });

  it('goes back to an earlier release, removing what came after it', async () => {
    const place = await namespace();
    const history = (release: string) => ({ history: { release, images: [] } });
    await run(settings('settings', 'one'), place, history('1.0.0'));
    await run(`${settings('settings', 'two')}---\n${settings('new', 'x')}`, place, history('2.0.0'));
    const surroundings = deploySurroundings(world.client);
    const kept = await readHistory('app', place, surroundings);
    assert.deepEqual(
      kept.map(({ release }) => release),
      ['1.0.0', '2.0.0'],
    );
    const entry = chooseEntry(kept, undefined);
    assert.equal(entry.release, '1.0.0');
    const superseded = kept.at(-1)?.manifests.map(({ object }) => object) ?? [];
    const outcome = await run('', place, { ...history('1.0.0'), manifests: entry.manifests, superseded });
    assert.deepEqual(actions(outcome), ['configured ConfigMap settings', 'deleted ConfigMap new']);
    assert.deepEqual((await read('configmap', 'settings', place))['data'], { greeting: 'one' });
  });

  it('deletes the objects of its manifests and waits until they are gone; what is not there is no error', async () => {
    const place = await namespace();
    await run(app(), place);
    const request = deployRequest(app(), place);
    assert.equal((await deleteManifests(request, deploySurroundings(world.client))).length, 3);
    assert.equal((await deleteManifests(request, deploySurroundings(world.client))).length, 0);
    assert.equal(await world.kubectl(['get', 'deployment,secret', '-n', place, '-o=name']), '');
  });

  it('says what an object waits for that does not go away', async () => {
    const place = await namespace();
    const yaml = settings('stuck', 'a', ', finalizers: [example.com/hold]');
    await run(yaml, place);
    await refused(
      'DeadlineExceeded',
      deleteManifests(deployRequest(yaml, place), deploySurroundings(world.client, { timeout: 1500 })),
      /ConfigMap test-\d+\/stuck \(waits for example\.com\/hold\)/,
    );
    await world.kubectl([
      'patch',
      'configmap',
      'stuck',
      '-n',
      place,
      '--type=merge',
      '-p={"metadata":{"finalizers":null}}',
    ]);
  });

  describe('while another run deploys the same to the same namespace', () => {
    const lease = (place: string, renewTime: string) => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'aks-delivery-app', namespace: place },
      spec: { holderIdentity: 'the other run', leaseDurationSeconds: 60, renewTime },
    });

    it('waits for it, and then plans anew what has changed meanwhile', async () => {
      const place = await namespace();
      await world.kubectl(['create', '-f', '-'], lease(place, '2026-11-21T01:00:00.000000Z'));
      const surroundings = deploySurroundings(world.client);
      const waiting = deploy(deployRequest(settings('settings', 'ours'), place), surroundings);
      while (!surroundings.log.text().includes('Waiting for the other run'))
        await new Promise((resolve) => setTimeout(resolve, 50));
      await world.kubectl(
        ['apply', '--server-side', '--field-manager=aks-delivery', '-n', place, '-f', '-'],
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'settings' },
          data: { greeting: 'ours' },
        },
      );
      await world.kubectl([
        'patch',
        'lease',
        'aks-delivery-app',
        '-n',
        place,
        '--type=merge',
        '-p={"spec":{"holderIdentity":""}}',
      ]);
      assert.deepEqual(actions(await waiting), ['unchanged ConfigMap settings']);
    });

    it('says who was at work when the deadline passes', async () => {
      const place = await namespace();
      await world.kubectl(['create', '-f', '-'], lease(place, '2026-11-21T01:00:00.000000Z'));
      await refused(
        'DeadlineExceeded',
        deploy(deployRequest(settings('a', 'b'), place), deploySurroundings(world.client, { timeout: 1500 })),
        /the other run was still deploying/,
      );
    });

    it('gives the lease back', async () => {
      const place = await namespace();
      await run(settings('a', 'b'), place);
      assert.equal(await world.kubectl(['get', 'lease', '-n', place, '-o=name']), '');
    });
  });
});
