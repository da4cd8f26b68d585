import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { getBearerHandler, WebApi } from 'azure-devops-node-api';
import type { IBuildApi } from 'azure-devops-node-api/BuildApi.js';
import { BuildResult, BuildStatus } from 'azure-devops-node-api/interfaces/BuildInterfaces.js';
import { CommentThreadStatus, GitStatusState } from 'azure-devops-node-api/interfaces/GitInterfaces.js';
import JSZip from 'jszip';
import { decodeJwt } from 'jose';
import type { Run } from '../../sandbox/azure/devops-run.ts';
import { organization, project } from '../../sandbox/names.ts';
import { jsonOf } from '../support/azure-client.ts';
import { startAzureFixture, type AzureFixture } from '../support/azure-fixture.ts';

describe('Azure DevOps of the local world, by the official client', function () {
  this.timeout(120_000);
  let fixture: AzureFixture;
  let ci: Run;
  let other: Run;
  let cd: Run;
  let api: WebApi;
  let builds: IBuildApi;

  before(async () => {
    fixture = await startAzureFixture();
    const { devops } = fixture.azure;
    ci = await devops.startRun({ pipeline: 'shop-ci', commit: 'a'.repeat(40), number: '1.4.0' });
    await ci.publishFiles('release', { 'release.json': '{"images":[]}', 'notes/one.txt': 'one' });
    await ci.publishFiles('drop', { 'manifests/app.yaml': 'kind: List' }, { type: 'Container' });
    ci.complete('succeeded');
    other = await devops.startRun({ pipeline: 'shop-ci', branch: 'refs/heads/feature' });
    other.complete('failed');
    cd = await devops.startRun({ pipeline: 'shop-cd', resources: [{ alias: 'ci', run: ci }] });
    api = client(cd.accessToken);
    builds = await api.getBuildApi();
  });
  after(() => fixture.stop());

  const client = (token: string): WebApi =>
    new WebApi(organization.url, getBearerHandler(token), {
      proxy: { proxyUrl: fixture.azure.proxyUrl },
      cert: { caFile: fixture.azure.caPath },
    });

  describe('builds', () => {
    it('are read by id, with their commit, branch, result and links', async () => {
      const build = await builds.getBuild(project.name, ci.id);
      assert.equal(build.buildNumber, '1.4.0');
      assert.equal(build.status, BuildStatus.Completed);
      assert.equal(build.result, BuildResult.Succeeded);
      assert.equal(build.sourceVersion, 'a'.repeat(40));
      assert.equal(build.definition?.name, 'shop-ci');
      assert.ok(build.finishTime instanceof Date);
      assert.equal((build._links as { web: { href: string } }).web.href, ci.url);
    });

    it('are absent when there is none of that id', async () => {
      assert.equal(await builds.getBuild(project.name, 999), null);
    });

    it('are found by definition, branch and result, newest first', async () => {
      const [definition] = await builds.getDefinitions(project.name, 'shop-ci');
      const find = async (branch?: string, result?: BuildResult): Promise<(number | undefined)[]> => {
        const nothing = undefined;
        const found = await builds.getBuilds(
          project.name,
          [definition?.id ?? 0],
          nothing,
          nothing,
          nothing,
          nothing,
          nothing,
          nothing,
          BuildStatus.Completed,
          result,
          nothing,
          nothing,
          5,
          nothing,
          nothing,
          nothing,
          nothing,
          branch,
        );
        return found.map(({ id }) => id);
      };
      assert.deepEqual(await find(), [other.id, ci.id]);
      assert.deepEqual(await find('refs/heads/main'), [ci.id]);
      assert.deepEqual(await find(undefined, BuildResult.Failed), [other.id]);
      assert.deepEqual(await find('refs/heads/feature', BuildResult.Succeeded), []);
    });

    it('are tagged, and found by their tags', async () => {
      await builds.addBuildTag(project.name, ci.id, 'v1.4.0');
      assert.deepEqual(await builds.getBuildTags(project.name, ci.id), ['v1.4.0']);
      assert.ok(ci.tags.has('v1.4.0'));
    });

    it('carry the attachments that a step added', async () => {
      ci.attach({ type: 'aks-delivery.release', name: 'release', content: '{"a":1}' });
      const [attachment] = await builds.getAttachments(project.name, ci.id, 'aks-delivery.release');
      assert.equal(attachment?.name, 'release');
      const stream = await builds.getAttachment(
        project.name,
        ci.id,
        ci.timelineId,
        ci.jobId,
        'aks-delivery.release',
        'release',
      );
      assert.equal((await buffer(stream)).toString(), '{"a":1}');
    });
  });

  describe('artifacts', () => {
    const filesOf = async (zip: Buffer): Promise<Record<string, string>> => {
      const { files } = await JSZip.loadAsync(zip);
      const contents = Object.values(files).filter(({ dir }) => !dir);
      return Object.fromEntries(
        await Promise.all(contents.map(async (file) => [file.name, await file.async('string')] as const)),
      );
    };

    it('are listed with their type and size', async () => {
      const artifacts = await builds.getArtifacts(project.name, ci.id);
      assert.deepEqual(
        artifacts.map(({ name, resource }) => [name, resource?.type]),
        [
          ['release', 'PipelineArtifact'],
          ['drop', 'Container'],
        ],
      );
      const { artifactsize } = artifacts[0]?.resource?.properties as { artifactsize: string };
      assert.equal(artifactsize, '16');
    });

    it('of a pipeline are downloaded as a zip from the artifacts host', async () => {
      const { resource } = await builds.getArtifact(project.name, ci.id, 'release');
      const url = String(resource?.downloadUrl);
      assert.match(url, /^https:\/\/artprodweu3\.artifacts\.visualstudio\.com\//);
      assert.equal((await fixture.client.ask(url)).status, 401);
      const answer = await fixture.client.ask(url, {
        headers: { authorization: `Bearer ${cd.accessToken}` },
      });
      assert.deepEqual(await filesOf(answer.body), {
        'release/release.json': '{"images":[]}',
        'release/notes/one.txt': 'one',
      });
    });

    it('of a container are downloaded as a zip and file by file', async () => {
      const zip = await builds.getArtifactContentZip(project.name, ci.id, 'drop');
      assert.deepEqual(await filesOf(await buffer(zip)), { 'drop/manifests/app.yaml': 'kind: List' });
      const containers = await api.getFileContainerApi();
      const items = await containers.getItems(ci.id, undefined, 'drop');
      assert.ok(items.some(({ path }) => path === 'drop/manifests/app.yaml'));
    });

    it('are absent, by name, when the run has none such', async () => {
      const answer = await fixture.client.ask(
        `${organization.url}${project.name}/_apis/build/builds/${ci.id}/artifacts?artifactName=nothing`,
        {
          headers: { authorization: `Bearer ${cd.accessToken}` },
        },
      );
      assert.equal(answer.status, 404);
      assert.equal(jsonOf(answer)['message'], `Artifact nothing was not found for build ${ci.id}.`);
    });

    it('are copied to a folder by the owner of the world', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'artifact-'));
      await ci.downloadArtifact('release', folder);
      assert.equal(await readFile(join(folder, 'notes', 'one.txt'), 'utf8'), 'one');
      await rm(folder, { recursive: true });
    });
  });

  describe('pipelines', () => {
    it('show the run that a run consumed', async () => {
      const pipelines = await api.getPipelinesApi();
      const run = await pipelines.getRun(project.name, cd.pipeline.id, cd.id);
      const used = (run.resources as { pipelines: Record<string, { runId: number; version: string }> })
        .pipelines['ci'];
      assert.deepEqual([used?.runId, used?.version], [ci.id, '1.4.0']);
    });

    it('are queued by a client', async () => {
      const pipelines = await api.getPipelinesApi();
      const run = await pipelines.runPipeline(
        { resources: { repositories: { self: { refName: 'refs/heads/main' } } } },
        project.name,
        ci.pipeline.id,
      );
      assert.equal(fixture.azure.devops.run(run.id ?? 0)?.branch, 'refs/heads/main');
    });
  });

  it('gives an OIDC token by the task API', async () => {
    const tasks = await api.getTaskApi();
    const { promotion } = fixture.azure.identities;
    const { oidcToken } = await tasks.createOidcToken(
      {},
      project.id,
      'build',
      cd.planId,
      cd.jobId,
      promotion.connectionId,
    );
    const claims = decodeJwt(String(oidcToken));
    assert.equal(claims.iss, `https://vstoken.dev.azure.com/${organization.id}`);
    assert.equal(claims.sub, 'sc://contoso/shop/shop-promotion');
    assert.equal(claims.aud, 'api://AzureADTokenExchange');
    assert.equal(claims['run_id'], String(cd.id));
  });

  describe('approvals', () => {
    const headers = (): Record<string, string> => ({
      authorization: `Bearer ${cd.accessToken}`,
      'content-type': 'application/json',
    });
    const url = `${organization.url}${project.name}/_apis/pipelines/approvals`;

    it('wait until someone answers over REST, and take one answer', async () => {
      const approval = fixture.azure.devops.requestApproval({
        run: cd,
        environment: 'production',
        instructions: 'Look at the report.',
      });
      const pending = jsonOf(
        await fixture.client.ask(`${url}?approvalIds=${approval.id}&state=pending&api-version=7.1`, {
          headers: headers(),
        }),
      );
      assert.equal(pending['count'], 1);
      const body = JSON.stringify([{ approvalId: approval.id, status: 'approved', comment: 'fine' }]);
      const answer = await fixture.client.ask(`${url}?api-version=7.1`, {
        method: 'PATCH',
        headers: headers(),
        body,
      });
      assert.equal(answer.status, 200);
      assert.equal(await approval.decided, 'approved');
      assert.equal(approval.comment, 'fine');
      assert.equal(
        (await fixture.client.ask(`${url}?api-version=7.1`, { method: 'PATCH', headers: headers(), body }))
          .status,
        400,
      );
    });

    it('are rejected by the owner of the world', async () => {
      const approval = fixture.azure.devops.requestApproval({ run: cd, environment: 'production' });
      approval.answer('rejected', { by: 'release manager' });
      assert.equal(await approval.decided, 'rejected');
    });
  });

  it('keeps threads and statuses of a pull request', async () => {
    const pull = fixture.azure.devops.createPullRequest({
      title: 'Change',
      sourceBranch: 'refs/heads/feature',
    });
    const git = await api.getGitApi();
    const thread = await git.createThread(
      { comments: [{ content: 'The plan' }], status: CommentThreadStatus.Active },
      'shop',
      pull.id,
      project.name,
    );
    await git.updateThread(
      { status: CommentThreadStatus.Closed },
      'shop',
      pull.id,
      thread.id ?? 0,
      project.name,
    );
    const [kept] = await git.getThreads('shop', pull.id, project.name);
    assert.equal(kept?.comments?.[0]?.content, 'The plan');
    assert.equal(kept.status, CommentThreadStatus.Closed);
    await git.createPullRequestStatus(
      { state: GitStatusState.Succeeded, context: { name: 'plan', genre: 'aks' } },
      'shop',
      pull.id,
      project.name,
    );
    assert.equal((await git.getPullRequestStatuses('shop', pull.id, project.name)).length, 1);
  });

  it('refuses a token that is not of one of its jobs', async () => {
    await assert.rejects(
      client('eyJhbGciOiJub25lIn0.e30.')
        .getBuildApi()
        .then((denied) => denied.getBuild(project.name, ci.id)),
      { statusCode: 401 },
    );
  });
});
