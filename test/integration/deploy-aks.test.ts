import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatRelease, parseRelease } from '../../core/model/release.ts';
import { buildTasks } from '../../scripts/build.ts';
import { runTask } from '../../sandbox/agent/task-host.ts';
import type { ServiceConnection } from '../../sandbox/agent/service-connection.ts';
import type { TaskRun } from '../../sandbox/agent/task-run.ts';
import type { Run } from '../../sandbox/azure/devops-run.ts';
import { organization, subscriptions } from '../../sandbox/names.ts';
import { startWorld, type World } from '../../sandbox/world.ts';
import { runVariables } from '../../sandbox/world/run-variables.ts';
import { kubectl } from '../support/kubectl.ts';
import { digestFor, resolved } from '../support/sample-release.ts';

const manifest = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: hello}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: catalog}
spec:
  replicas: 0
  selector: {matchLabels: {app: catalog}}
  template:
    metadata: {labels: {app: catalog}}
    spec: {containers: [{name: catalog, image: "shop/catalog:any"}]}
`;

describe('aks-deploy to AKS in a local Azure', function () {
  this.timeout(120_000);
  let directory: string;
  let world: World;
  let run: Run;
  let taskDirectory: string;

  before(async function () {
    this.timeout(20 * 60_000);
    directory = await mkdtemp(join(tmpdir(), 'deploy-aks-'));
    world = await startWorld({ directory: join(directory, 'world') });
    run = await world.azure.devops.startRun({ pipeline: 'shop-cd' });
    const [bundle] = await buildTasks(['aks-deploy']);
    assert(bundle !== undefined);
    taskDirectory = bundle.directory;
  });
  after(async () => {
    await world.stop();
    await rm(directory, { recursive: true, force: true });
  });

  let steps = 0;
  async function deploy(
    inputs: Readonly<Record<string, string>> = {},
    connections: readonly ServiceConnection[] = world.serviceConnections,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<TaskRun & { readonly place: string }> {
    steps += 1;
    const place = join(directory, `step-${steps}`);
    await mkdir(join(place, 'temp'), { recursive: true });
    await writeFile(join(place, 'release.json'), formatRelease(resolved));
    await writeFile(join(place, 'app.yaml'), manifest);
    world.azure.requests.clear();
    const { nonprod } = subscriptions;
    const result = await runTask({
      taskDirectory,
      inputs: {
        releaseFile: 'release.json',
        images: 'catalog',
        manifests: 'app.yaml',
        azureSubscription: 'shop-staging',
        azureResourceGroup: nonprod.resourceGroup,
        kubernetesCluster: nonprod.cluster,
        namespace: 'shop',
        environment: 'staging',
        timeout: '60s',
        ...inputs,
      },
      variables: { ...Object.fromEntries(runVariables(world, run)), ...variables },
      serviceConnections: connections,
      systemConnection: { url: organization.url, accessToken: run.accessToken },
      workingDirectory: place,
      tempDirectory: join(place, 'temp'),
      environment: world.agent.environment,
    });
    return { ...result, place };
  }

  const text = (result: TaskRun): string => result.lines.join('\n');
  const connection = (scheme: string, parameters: Record<string, string>): readonly ServiceConnection[] => {
    const { clientId, tenantId } = world.azure.identities.staging;
    return world.serviceConnections.map((each) =>
      each.name === 'shop-staging'
        ? {
            ...each,
            authorization: {
              scheme,
              parameters: { tenantid: tenantId, serviceprincipalid: clientId, ...parameters },
            },
          }
        : each,
    );
  };
  const count = (path: RegExp): number => world.azure.requests.matching({ path }).length;

  it('signs in by workload identity federation where local accounts are disabled, and records the deployment', async () => {
    const result = await deploy();
    assert.equal(result.result, 'succeeded', text(result));
    assert.deepEqual(result.contractViolations, []);
    const release = parseRelease(await readFile(join(result.place, 'release.json'), 'utf8'));
    const [deployment] = release.deployments;
    assert.equal(deployment?.cluster, 'shop-staging');
    assert.equal(deployment.outcome, 'succeeded');
    assert.deepEqual(
      deployment.images.map(({ digest }) => digest),
      [digestFor('catalog')],
    );
    const path = '-o=jsonpath={.spec.template.spec.containers[0].image}';
    const image = await kubectl(world.clusters.staging.kubeconfigPath, [
      'get',
      'deployment',
      'catalog',
      '-n',
      'shop',
      path,
    ]);
    assert.equal(image, `contosononprod.azurecr.io/shop/catalog@${digestFor('catalog')}`);
  });

  it('asks for a new assertion for every token, and for the user credential alone', async () => {
    await deploy();
    const tokens = count(/\/oauth2\/v2\.0\/token$/);
    assert.equal(tokens, 2);
    assert.equal(count(/oidctoken/i), tokens);
    assert.equal(count(/listClusterUserCredential/), 1);
    assert.equal(count(/listClusterAdminCredential|accessProfiles/), 0);
  });

  it('leaves nothing on disk and sets no variable but its outputs', async () => {
    const result = await deploy();
    const entries = await readdir(join(result.place, 'temp'), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    // What goes to the run's page is all there is: no kubeconfig, no token, no certificate.
    assert.deepEqual(files.filter((name) => name !== '.taskkey').sort(), [
      'Deployment to staging- succeeded.md',
      'release.json',
    ]);
    assert.deepEqual([...result.outputs.keys()].map((name) => name.split('.')[1]).sort(), [
      'changes',
      'outcome',
      'releaseFile',
    ]);
  });

  it('signs in with a secret', async () => {
    const { secret } = world.azure.identities.staging;
    const result = await deploy(
      {},
      connection('ServicePrincipal', { authenticationType: 'spnKey', serviceprincipalkey: secret }),
    );
    assert.equal(result.result, 'succeeded', text(result));
  });

  it('signs in with a certificate', async () => {
    const certificate = await world.azure.identities.staging.certificate();
    const result = await deploy(
      {},
      connection('ServicePrincipal', {
        authenticationType: 'spnCertificate',
        servicePrincipalCertificate: certificate,
      }),
    );
    assert.equal(result.result, 'succeeded', text(result));
  });

  const refusals: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    [
      'administrator credentials where local accounts are disabled',
      { useClusterAdmin: 'true' },
      /CredentialUnsupported|Forbidden/,
    ],
    ['a cluster that does not exist', { kubernetesCluster: 'shop-nowhere' }, /Forbidden: .*shop-nowhere/],
    [
      'a connection that may not use the cluster',
      {
        azureSubscription: 'shop-production',
        azureResourceGroup: subscriptions.prod.resourceGroup,
        kubernetesCluster: 'shop-staging',
      },
      /NotFound|Forbidden/,
    ],
    [
      'a namespace that the identity may not touch',
      { namespace: 'kube-system' },
      /Forbidden: .*may not, in shop-staging, .*kube-system/,
    ],
    [
      'an image of the release that no manifest uses',
      { images: '' },
      /ImageUnmatched: no manifest uses the images storefront .*orders/,
    ],
    ['a manifest file that does not exist', { manifests: 'nothing.yaml' }, /FileNotFound: .*nothing\.yaml/],
    ['an unknown service connection', { azureSubscription: 'nobody' }, /./],
  ];
  for (const [what, inputs, message] of refusals) {
    it(`refuses ${what} with one error, before anything changes`, async () => {
      const result = await deploy(inputs).catch((error: unknown) => ({
        result: 'failed',
        issues: [{ type: 'error', message: String(error) }],
        place: '',
      }));
      assert.equal(result.result, 'failed');
      const errors = result.issues.filter(({ type }) => type === 'error');
      assert.equal(errors.length, 1);
      assert.match(errors[0]?.message ?? '', message);
    });
  }

  it('refuses a manifest file that is no YAML, naming file and line', async () => {
    const place = join(directory, 'broken');
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'broken.yaml'), 'kind: ConfigMap\ndata: [\n');
    const result = await deploy({ manifests: join(place, 'broken.yaml') });
    assert.match(result.issues[0]?.message ?? '', /ManifestInvalid: .*broken\.yaml:\d+ is not YAML/);
  });

  it('keeps a pull secret of the registry and names it in every pod, once', async () => {
    const inputs = { containerRegistry: 'shop-promotion-source', imagePullSecrets: 'pull' };
    for (const expected of ['created', 'unchanged']) {
      const result = await deploy(inputs);
      assert.equal(result.result, 'succeeded', text(result));
      const release = parseRelease(await readFile(join(result.place, 'release.json'), 'utf8'));
      assert.equal(release.deployments[0]?.objects.find(({ name }) => name === 'pull')?.action, expected);
    }
    const path = '-o=jsonpath={.spec.template.spec.imagePullSecrets}';
    const named = await kubectl(world.clusters.staging.kubeconfigPath, [
      'get',
      'deployment',
      'catalog',
      '-n',
      'shop',
      path,
    ]);
    assert.deepEqual(JSON.parse(named), [{ name: 'pull' }]);
  });

  it("deploys a Helm chart with its hooks, then the environment's overrides by Kustomize", async () => {
    const place = join(directory, `step-${steps + 1}`);
    await mkdir(join(place, 'chart/templates'), { recursive: true });
    await writeFile(join(place, 'chart/Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.2.3\n');
    await writeFile(join(place, 'chart/values.yaml'), 'greeting: hello\n');
    const hook = 'annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-succeeded}';
    await writeFile(
      join(place, 'chart/templates/all.yaml'),
      `${manifest.replace('hello', '{{ .Values.greeting }}').replace('name: catalog}', 'name: "{{ .Release.Name }}"}')}---
apiVersion: v1
kind: ConfigMap
metadata: {name: before, ${hook}}
`,
    );
    const patch = '{op: add, path: /spec/minReadySeconds, value: 7}';
    await writeFile(
      join(place, 'production.yaml'),
      `config: {settings: {extra: $(Build.BuildNumber)}}\npatches: [{target: {kind: Deployment}, patch: [${patch}]}]\n`,
    );
    const result = await deploy({
      manifests: '',
      helmChart: 'chart',
      releaseName: 'charted',
      values: 'greeting: from values',
      overrides: 'production.yaml',
      deploymentName: 'chart',
    });
    assert.equal(result.result, 'succeeded', text(result));
    const get = (...args: readonly string[]): Promise<string> =>
      kubectl(world.clusters.staging.kubeconfigPath, ['get', '-n', 'shop', ...args]);
    const settings: unknown = JSON.parse(await get('configmap', 'settings', '-o=jsonpath={.data}'));
    assert.deepEqual(settings, { greeting: 'from values', extra: run.number });
    assert.equal(await get('deployment', 'charted', '-o=jsonpath={.spec.minReadySeconds}'), '7');
    assert.equal(await get('configmap', 'before', '--ignore-not-found', '-o=name'), '');
    const order = result.lines.filter((line) => /^(?:created|configured|deleted) /.test(line));
    assert.match(order[0] ?? '', /created ConfigMap shop\/before/);
    assert.match(order.at(-1) ?? '', /deleted ConfigMap shop\/before/);
  });

  it('writes no value of a Secret into the log, the summary or the record, diagnostics on', async () => {
    const place = join(directory, 'secret');
    await mkdir(place, { recursive: true });
    await writeFile(
      join(place, 'secret.yaml'),
      `${manifest}---\napiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {password: hunter2-and-more}\n`,
    );
    for (const action of ['diff', 'deploy', 'delete']) {
      const result = await deploy({ action, manifests: join(place, 'secret.yaml') }, undefined, {
        'System.Debug': 'true',
      });
      assert.equal(result.result, 'succeeded', text(result));
      const written = [
        ...result.lines,
        ...result.summaries.map(({ content }) => content),
        ...result.attachments.map(({ content }) => content),
      ];
      assert.doesNotMatch(written.join('\n'), /hunter2|aHVudGVyMi1hbmQtbW9yZQ/);
    }
  });

  it('changes nothing when it only shows the change set', async () => {
    const result = await deploy({ action: 'diff', overrides: '', deploymentName: 'other' });
    assert.equal(result.result, 'succeeded', text(result));
    assert.equal(result.outputs.size, 1);
  });
});
