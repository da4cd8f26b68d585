import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeliveryError, type DeliveryError } from '../../core/model/errors.ts';
import type { Engines } from '../../core/render/engines.ts';
import { renderKustomize } from '../../core/render/kustomize.ts';
import { readManifest } from '../../core/render/manifest-objects.ts';
import { overlays, realEngines, withFiles } from '../support/render-fixtures.ts';

const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n';

describe('building a kustomization', function () {
  // An engine takes a processor for a second, and the machine may have others to serve.
  this.timeout(60_000);

  let engines: Engines;
  before(async function () {
    this.timeout(600_000);
    engines = await realEngines();
  });

  const refusalOf = async (
    files: Readonly<Record<string, string>>,
    directory = '.',
  ): Promise<DeliveryError> =>
    withFiles(files, async (root) => {
      try {
        await renderKustomize(engines, { directory, root });
      } catch (error) {
        if (isDeliveryError(error)) return error;
        throw error;
      }
      throw new Error('it was built');
    });

  it('gives objects that the manifest reader takes', async () => {
    const { manifests, warnings } = await renderKustomize(engines, {
      directory: 'production',
      root: overlays,
    });
    const kinds = readManifest(manifests, 'production').map(({ object }) => object.kind);
    assert.deepEqual([kinds[0], kinds.at(-1)], ['Namespace', 'Ingress']);
    assert.deepEqual(warnings, []);
  });

  it('warns of deprecated fields', async () => {
    const { warnings } = await renderKustomize(engines, {
      directory: join(overlays, 'kinds'),
      root: overlays,
    });
    assert.equal(warnings.length, 4);
    assert.match(warnings[0] ?? '', /^'commonLabels' is deprecated\./);
  });

  const remotes = [
    'https://github.com/contoso/shop//deploy?ref=v1',
    'github.com/contoso/shop/deploy?ref=main',
    'git@github.com:contoso/shop.git',
    'ssh://git@ssh.dev.azure.com/v3/contoso/shop/shop',
    'https://contoso.com/manifests/web.yaml',
    'git::https://dev.azure.com/contoso/shop/_git/shop',
  ];
  for (const remote of remotes) {
    it(`refuses ${remote}, naming the file that has it`, async () => {
      const { code, message, hint } = await refusalOf(
        {
          'base/kustomization.yaml': `resources: ["${remote}"]\n`,
          'prod/kustomization.yaml': 'resources: [../base]\n',
        },
        'prod',
      );
      assert.equal(code, 'RenderFailed');
      assert.equal(message, `base/kustomization.yaml takes "${remote}" from another place`);
      assert.match(hint ?? '', /^Nothing is fetched while rendering/);
    });
  }

  it('refuses charts, which Kustomize would start helm for', async () => {
    const { message } = await refusalOf({
      'kustomization.yaml':
        'helmCharts: [{ name: redis, repo: https://charts.contoso.com, version: 1.0.0 }]\n',
    });
    assert.equal(message, 'kustomization.yaml has the chart "redis" in helmCharts');
  });

  it('refuses generators that are programs', async () => {
    const { code } = await refusalOf({
      'kustomization.yaml': 'generators: [program.yaml]\n',
      'program.yaml':
        'apiVersion: contoso.com/v1\nkind: Program\nmetadata:\n  name: x\n  annotations:\n' +
        '    config.kubernetes.io/function: |\n      exec: { path: ./program.sh }\n',
    });
    assert.equal(code, 'RenderFailed');
  });

  it('names the file that is missing', async () => {
    const { message, hint } = await refusalOf({ 'kustomization.yaml': 'resources: [none.yaml]\n' });
    assert.match(message, /none\.yaml/);
    assert.match(hint ?? '', /^Check the path/);
    assert.ok(!message.includes('/src'), message);
  });

  it('says that there is no kustomization', async () => {
    const { message } = await refusalOf({ 'web.yaml': configMap });
    assert.match(message, /unable to find one of 'kustomization\.yaml'/);
  });

  it('reads nothing outside of the root', async () => {
    const { code } = await refusalOf(
      {
        'sources/kustomization.yaml': 'resources: [../../../etc]\n',
      },
      'sources',
    );
    assert.equal(code, 'RenderFailed');
  });

  it('refuses a folder that is not in the root', async () => {
    await assert.rejects(
      renderKustomize(engines, { directory: '..', root: overlays }),
      (error) => isDeliveryError(error) && error.code === 'InputInvalid',
    );
  });

  it('says that a link leads out of the root', async () => {
    await withFiles(
      { 'outside.yaml': configMap, 'root/kustomization.yaml': 'resources: [web.yaml]\n' },
      async (directory) => {
        await symlink('../outside.yaml', join(directory, 'root/web.yaml'));
        await assert.rejects(renderKustomize(engines, { directory: '.', root: join(directory, 'root') }), {
          message: 'kustomization . reaches out of its folder by the link web.yaml',
        });
      },
    );
  });

  it('shows nothing of a secret that cannot be read', async () => {
    const { message } = await refusalOf({
      'kustomization.yaml': 'secretGenerator: [{ name: s, literals: [hunter2-hunter2] }]\n',
    });
    assert.ok(!message.includes('hunter2'), message);
  });

  it('stops at once when it is aborted', async () => {
    const abort = new AbortController();
    const building = renderKustomize(engines, {
      directory: 'production',
      root: overlays,
      signal: abort.signal,
    });
    abort.abort(new Error('the deadline has passed'));
    await assert.rejects(building, /the deadline has passed/);
  });
});
