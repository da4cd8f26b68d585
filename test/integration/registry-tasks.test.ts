import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registryId, subscriptions } from '../../sandbox/names.ts';
import { smallImage } from '../support/azure-fixture.ts';
import { startRegistryTasks, type RegistryTasks } from '../support/registries/registry-tasks.ts';
import type { Image } from '../../sandbox/images/image.ts';
import type { TaskRun } from '../../sandbox/agent/task-run.ts';

const prodId = registryId(subscriptions.prod);
const connections = { sourceRegistry: 'shop-promotion-source', containerRegistry: 'shop-promotion' };

describe('resolve-artifact and promote-image in a local Azure', function () {
  this.timeout(600_000);
  let tasks: RegistryTasks;
  let round = 0;
  let web: Image;
  let api: Image;
  let places: { web: string; api: string };

  before(async () => {
    tasks = await startRegistryTasks();
  });
  after(() => tasks.stop());

  beforeEach(async () => {
    round += 1;
    places = { web: `shop/web${round}`, api: `shop/api${round}` };
    [web, api] = [await smallImage(`web ${round}`), await smallImage(`api ${round}`)];
    await tasks.push(web, places.web, '1.0.0');
    await tasks.push(api, places.api, '1.0.0');
    const resolved = await resolve();
    assert.equal(resolved.result, 'succeeded', text(resolved));
    tasks.azure.requests.clear();
    tasks.azure.faults.clear();
  });

  const resolve = (more: Readonly<Record<string, string>> = {}): Promise<TaskRun> =>
    tasks.task('resolve-artifact', {
      containerRegistry: 'shop-ci',
      images: `web=${places.web}:1.0.0\napi=${places.api}:1.0.0`,
      releaseName: '1.0.0',
      ...more,
    });

  async function requirePromoted(): Promise<void> {
    const { prod } = tasks.azure.registries;
    assert.equal((await prod.tags(places.web)).get('1.0.0'), web.digest);
    assert.equal((await prod.tags(places.api)).get('1.0.0'), api.digest);
  }

  const blobBytes = (): number =>
    tasks.azure.requests.entries
      .filter(
        ({ method, path, host }) => method === 'GET' && (path.includes('/blobs/') || host.includes('.data.')),
      )
      .reduce((sum, { sent }) => sum + sent, 0);

  it('names every image by digest, in outputs of its own', async () => {
    const resolved = await resolve({ requiredPlatforms: 'linux/amd64, linux/arm64' });
    assert.deepEqual(resolved.contractViolations, []);
    assert.equal(resolved.outputs.get('step.digest')?.value, web.digest);
    assert.equal(resolved.outputs.get('step.digest_api')?.value, api.digest);
    assert.match(resolved.summaries[0]?.content.toString() ?? '', /linux\/amd64, linux\/arm64/);
  });

  it("takes over the record of a pipeline's run, by resource, by id or by name", async () => {
    const { devops } = tasks.azure;
    const folder = join(tasks.directory, `artifact${round}`);
    await cp(join(tasks.directory, 'release'), folder, { recursive: true });
    const made = await devops.startRun({ pipeline: 'shop-ci', branch: 'refs/heads/main' });
    await made.publishArtifact('release', folder, {
      type: round % 2 === 0 ? 'Container' : 'PipelineArtifact',
    });
    made.complete('succeeded');
    const before = await tasks.release();
    const asked: readonly Readonly<Record<string, string>>[] = [
      { pipeline: 'ci' },
      { runId: String(made.id) },
      { pipeline: 'shop-ci', branch: 'main' },
    ];
    for (const inputs of asked) {
      const resolved = await tasks.task(
        'resolve-artifact',
        { containerRegistry: 'shop-ci', source: 'pipelineRun', releaseName: 'of no account', ...inputs },
        { variables: { 'resources.pipeline.ci.runID': String(made.id) } },
      );
      assert.equal(resolved.result, 'succeeded', text(resolved));
      assert.deepEqual(await tasks.release(), before);
      assert.equal(resolved.outputs.get('step.digest')?.value, web.digest);
    }
  });

  it('says so when no run has succeeded, or the run has no record', async () => {
    const bare = await tasks.azure.devops.startRun({ pipeline: 'shop-cd', branch: 'refs/heads/bare' });
    const inputs = {
      containerRegistry: 'shop-ci',
      source: 'pipelineRun',
      releaseName: 'x',
      pipeline: 'shop-cd',
    };
    const none = await tasks.task('resolve-artifact', { ...inputs, branch: 'bare' });
    assert.match(
      none.issues[0]?.message ?? '',
      /NotFound.*no run of shop-cd on refs\/heads\/bare has succeeded/s,
    );
    bare.complete('succeeded');
    const empty = await tasks.task('resolve-artifact', { ...inputs, branch: 'bare' });
    assert.match(empty.issues[0]?.message ?? '', /NotFound.*release\.json/s);
  });

  it('takes what Docker@2 says that it pushed', async () => {
    const file = join(tasks.directory, 'docker-output.txt');
    const host = tasks.azure.registries.nonprod.loginServer;
    await writeFile(
      file,
      `The push refers to repository [${host}/${places.web}]\nabc: Pushed\n1.0.0: digest: ${web.digest} size: 528\n`,
    );
    const resolved = await resolve({ source: 'buildOutput', buildOutput: file });
    assert.equal(resolved.result, 'succeeded', text(resolved));
    assert.equal(resolved.outputs.get('step.digest')?.value, web.digest);
  });

  it('imports by default, and no blob passes the agent', async () => {
    const promoted = await tasks.task('promote-image', connections);
    assert.equal(promoted.result, 'succeeded', text(promoted));
    assert.deepEqual(promoted.contractViolations, []);
    await requirePromoted();
    assert.equal(blobBytes(), 0);
    const release = await tasks.release();
    assert.deepEqual(
      release.promotions.map(({ image, digest, method, bytes }) => [image, digest, method, bytes]),
      [
        ['web', web.digest, 'import', 0],
        ['api', api.digest, 'import', 0],
      ],
    );
  });

  it('copies when asked to, with tokens for each repository alone', async () => {
    const promoted = await tasks.task('promote-image', { ...connections, mode: 'copy' });
    assert.equal(promoted.result, 'succeeded', text(promoted));
    await requirePromoted();
    assert.equal(tasks.azure.requests.matching({ path: /importImage/ }).length, 0);
    assert.ok(blobBytes() > 0);
    assert.ok(
      promoted.lines.every((line) => !line.includes('Warning')),
      text(promoted),
    );
  });

  it('attaches one statement however often the same promotion runs', async () => {
    for (const mode of ['copy', 'import', 'auto']) {
      const promoted = await tasks.task('promote-image', { ...connections, mode });
      assert.equal(promoted.result, 'succeeded', text(promoted));
    }
    const statements = tasks.azure.requests.matching({
      method: 'PUT',
      host: tasks.azure.registries.prod.loginServer,
      path: new RegExp(`/v2/${places.web}/manifests/`),
    });
    // The index, its two platforms, the statement, and the tag.
    assert.equal(statements.length, 5);
  });

  it('carries a referrer that import leaves behind, by an import of its own', async () => {
    const { buildArtifact } = await import('../../sandbox/images/image.ts');
    const bill = buildArtifact({
      artifactType: 'application/spdx+json',
      subject: web.root,
      contents: [{ mediaType: 'application/spdx+json', content: `{"bill":${round}}` }],
    });
    await tasks.push(bill, places.web);
    const promoted = await tasks.task('promote-image', { ...connections, mode: 'import' });
    assert.equal(promoted.result, 'succeeded', text(promoted));
    assert.ok(await tasks.azure.registries.prod.manifest(places.web, bill.digest));
    assert.equal(blobBytes(), 0);
  });

  it('falls back to a copy when the identity lacks the import role, and says so', async () => {
    const role = 'Container Registry Data Importer and Data Reader';
    tasks.azure.access.revoke('promotion', role, prodId);
    tasks.azure.access.assign('promotion', 'Reader', prodId);
    try {
      const refused = await tasks.task('promote-image', { ...connections, mode: 'import' });
      assert.equal(refused.result, 'failed');
      assert.match(
        refused.issues[0]?.message ?? '',
        /Forbidden.*may not import into.*Container Registry Data Importer/s,
      );
      const promoted = await tasks.task('promote-image', connections);
      assert.notEqual(promoted.result, 'failed', text(promoted));
      assert.match(text(promoted), /import failed, it is copied instead/);
      await requirePromoted();
    } finally {
      tasks.azure.access.assign('promotion', role, prodId);
    }
  });

  it('copies where permissions are by repository', async () => {
    const { prod } = tasks.azure.registries;
    prod.settings.roleAssignmentMode = 'AbacRepositoryPermissions';
    tasks.azure.access.assign('promotion', 'Container Registry Repository Writer', prodId);
    try {
      const promoted = await tasks.task('promote-image', connections);
      assert.equal(promoted.result, 'succeeded', text(promoted));
      assert.match(text(promoted), /copy: .*ABAC/);
      await requirePromoted();
    } finally {
      prod.settings.roleAssignmentMode = 'LegacyRegistryPermissions';
    }
  });

  it('gives up an import that never ends, and copies', async () => {
    tasks.azure.faults.add({
      method: 'POST',
      path: /importImage/,
      effect: { kind: 'operation', stuck: true },
    });
    const promoted = await tasks.task('promote-image', { ...connections, importTimeout: '10s' });
    assert.notEqual(promoted.result, 'failed', text(promoted));
    assert.match(text(promoted), /had not finished it/);
    await requirePromoted();
  });

  it('renews a token that ends in the middle of the work', async () => {
    const { prod } = tasks.azure.registries;
    const effect = { kind: 'status', status: 401 } as const;
    const host = prod.loginServer;
    const uploads = tasks.azure.faults.add({
      host,
      method: 'PUT',
      path: /\/blobs\/uploads\//,
      times: 1,
      effect,
    });
    const manifests = tasks.azure.faults.add({
      host,
      method: 'PUT',
      path: /\/manifests\//,
      times: 1,
      effect,
    });
    const promoted = await tasks.task('promote-image', { ...connections, mode: 'copy' });
    assert.equal(promoted.result, 'succeeded', text(promoted));
    assert.deepEqual([uploads.hits, manifests.hits], [1, 1]);
    await requirePromoted();
  });

  it('locks tag and manifest, and succeeds again over its own lock', async () => {
    for (let time = 0; time < 2; time += 1) {
      const promoted = await tasks.task('promote-image', { ...connections, mode: 'copy', lock: 'true' });
      assert.equal(promoted.result, 'succeeded', text(promoted));
    }
    const attributes = tasks.azure.requests.matching({ method: 'PATCH', path: /\/acr\/v1\// });
    assert.ok(attributes.some(({ path }) => path.includes('/_tags/')));
    assert.ok(attributes.some(({ path }) => path.includes('/_manifests/')));
  });

  it('refuses a source that is not allowed before it asks anybody', async () => {
    const refused = await tasks.task('promote-image', {
      ...connections,
      allowedSources: 'contosononprod.azurecr.io/other/*',
    });
    assert.match(refused.issues[0]?.message ?? '', /SourceNotAllowed/);
    assert.equal(tasks.azure.requests.entries.length, 0);
  });

  it('refuses a release without the evidence that it requires', async () => {
    const refused = await tasks.task('promote-image', { ...connections, requireEvidence: 'staging' });
    assert.match(refused.issues[0]?.message ?? '', /EvidenceMissing.*no verdict of staging/s);
  });

  it('refuses to promote a repository into itself', async () => {
    const refused = await tasks.task('promote-image', {
      sourceRegistry: 'shop-promotion-source',
      containerRegistry: 'shop-promotion-source',
    });
    assert.match(refused.issues[0]?.message ?? '', /InputInvalid.*same repository/s);
  });

  it('says which right is missing when the source cannot be read', async () => {
    const refused = await tasks.task('resolve-artifact', {
      containerRegistry: 'shop-promotion',
      images: `contosononprod.azurecr.io/${places.web}:1.0.0`,
      releaseName: '1.0.0',
    });
    assert.equal(refused.result, 'succeeded', 'the promotion identity may read both registries');
    const unknown = await resolve({ images: `web=${places.web}:9.9.9` });
    assert.match(unknown.issues[0]?.message ?? '', /ImageNotFound.*9\.9\.9 does not exist/s);
  });

  it('reports everything that is not as required, of all images at once', async () => {
    const refused = await resolve({
      requiredPlatforms: 'linux/s390x',
      requiredLabels: 'org.opencontainers.image.revision=abc',
      maxSize: '10 B',
    });
    const message = refused.issues[0]?.message ?? '';
    for (const part of [/web: it lacks linux\/s390x/, /api: label/, /api: it is .* more than 10 B/]) {
      assert.match(message, part);
    }
  });
});

function text(run: TaskRun): string {
  return run.lines.join('\n');
}
