import assert from 'node:assert/strict';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engines } from '../../core/render/engines.ts';
import { hooksOf } from '../../core/render/helm-hooks.ts';
import { renderHelm, templateText, type HelmRequest } from '../../core/render/helm.ts';
import { readManifest } from '../../core/render/manifest-objects.ts';
import { isDeliveryError, type DeliveryError } from '../../core/model/errors.ts';
import { charts, packChart, realEngines, withFiles } from '../support/render-fixtures.ts';

const release = { name: 'web', namespace: 'shop' };
const chartFile = 'apiVersion: v2\nname: small\nversion: 1.0.0\n';

describe('rendering a chart', function () {
  // An engine takes a processor for a second, and the machine may have others to serve.
  this.timeout(60_000);

  let engines: Engines;
  before(async function () {
    this.timeout(600_000);
    engines = await realEngines();
  });

  const refusal = async (request: HelmRequest): Promise<DeliveryError> => {
    try {
      await renderHelm(engines, request);
    } catch (error) {
      if (isDeliveryError(error)) return error;
      throw error;
    }
    throw new Error('it was rendered');
  };

  /** What is said of a chart with one template and these files. */
  const refusalOf = async (
    template: string,
    more: Partial<HelmRequest> = {},
    files: Readonly<Record<string, string>> = {},
  ): Promise<DeliveryError> =>
    withFiles({ 'Chart.yaml': chartFile, 'templates/web.yaml': template, ...files }, (path) =>
      refusal({ chart: { path }, release, ...more }),
    );

  describe('when it can be rendered', () => {
    it('gives objects that the manifest reader takes, and hooks in the order they run', async () => {
      const { manifests, crds, hooks, chart } = await renderHelm(engines, {
        chart: { path: 'shop' },
        root: charts,
        release,
      });
      assert.deepEqual(chart, { name: 'shop', version: '1.4.2+build.7', appVersion: '3.1' });
      const objects = readManifest(manifests, 'shop').map(({ object }) => object.kind);
      assert.deepEqual(objects.slice(0, 3), ['Namespace', 'Secret', 'ConfigMap']);
      assert.equal(readManifest(crds, 'shop').length, 2);
      assert.deepEqual(
        hooksOf(hooks, 'pre-install').map(({ kind, weight }) => [kind, weight]),
        [
          ['Job', 3],
          ['ServiceAccount', 3],
        ],
      );
      assert.deepEqual(
        hooks
          .map(({ deletePolicies }) => deletePolicies.join())
          .filter((policies) => policies.includes('hook')),
        hooks.map(({ deletePolicies }) => deletePolicies.join()),
      );
      assert.equal(readManifest(hooks[0]?.manifest ?? '', 'hook').length, 1);
    });

    it('warns of a hook that Helm leaves out', async () => {
      const { warnings } = await renderHelm(engines, { chart: { path: join(charts, 'shop') }, release });
      assert.deepEqual(warnings, ['skipping unknown hooks hookTypes=on-a-rainy-day']);
    });

    it('takes the bytes of an archive that somebody fetched', async () => {
      const path = join(charts, 'shop');
      await withFiles({}, async (directory) => {
        await packChart(path, 'shop', join(directory, 'shop.tgz'));
        const archive = await readFile(join(directory, 'shop.tgz'));
        const ours = await renderHelm(engines, { chart: { archive, name: 'oci://shop:1' }, release });
        const same = await renderHelm(engines, { chart: { path }, release });
        assert.equal(templateText(ours), templateText(same));
      });
    });

    it('tells templates the revision', async () => {
      const template = 'revision: {{ .Release.Revision }}\nupgrade: {{ .Release.IsUpgrade }}\n';
      await withFiles({ 'Chart.yaml': chartFile, 'templates/web.yaml': template }, async (path) => {
        const { manifests } = await renderHelm(engines, {
          chart: { path },
          release: { ...release, revision: 7, isUpgrade: true },
        });
        assert.match(manifests, /revision: 7\nupgrade: true/);
      });
    });

    it('merges layers in the order they are given in', async () => {
      const files = { 'Chart.yaml': chartFile, 'templates/web.yaml': '{{ .Values | toYaml }}\n' };
      await withFiles(files, async (path) => {
        const { manifests } = await renderHelm(engines, {
          chart: { path },
          release,
          values: [
            { set: 'a.b=1,c=1', as: 'typed' },
            { yaml: 'a: { b: 2, d: [1, 2] }', name: 'the input "values"' },
            { object: { a: { d: [3] }, c: null } },
          ],
        });
        assert.match(manifests, /\na:\n {2}b: 2\n {2}d:\n {2}- 3\n/);
      });
    });

    it('follows a link within the root', async () => {
      const files = { 'shared/web.yaml': 'linked: true\n', 'chart/Chart.yaml': chartFile };
      await withFiles({ ...files, 'chart/templates/_none.tpl': '' }, async (root) => {
        await symlink('../../shared/web.yaml', join(root, 'chart/templates/web.yaml'));
        const { manifests } = await renderHelm(engines, { chart: { path: 'chart' }, root, release });
        assert.match(manifests, /linked: true/);
      });
    });
  });

  describe('when it cannot be rendered', () => {
    it('names the template, its line, the expression and the reason', async () => {
      const { code, message, hint } = await refusalOf('a: 1\nb: {{ .Values.web.port }}\n');
      assert.equal(code, 'RenderFailed');
      assert.match(
        message,
        /^chart \S+, templates\/web\.yaml:2:\d+: nil pointer evaluating interface {}\.port at {{ \.Values\.web\.port }}$/,
      );
      assert.match(hint ?? '', /^A value that the template reads is missing/);
    });

    it('repeats what the chart itself asks for', async () => {
      const { message } = await refusalOf('{{ required "set image.tag" .Values.image }}\n');
      assert.match(message, /templates\/web\.yaml:1:3: set image\.tag$/);
    });

    it('names the field that the schema refuses, and not the value', async () => {
      const schema = '{"properties":{"password":{"pattern":"^[a-z]+$"}}}';
      const more = { values: [{ set: 'password=hunter2-Hunter2', as: 'string', secret: true }] } as const;
      const { message } = await refusalOf('a: 1\n', more, { 'values.schema.json': schema });
      assert.match(message, /at '\/password': '\*\*\*' does not match pattern/);
    });

    it('names the file whose text is not YAML', async () => {
      const { message } = await refusalOf('a: b: c\n');
      assert.match(message, /, templates\/web\.yaml: what it renders to is not YAML: /);
    });

    it('says which dependency is missing and that none is fetched', async () => {
      const { message, hint } = await refusalOf(
        'a: 1\n',
        {},
        {
          'Chart.yaml': `${chartFile}dependencies: [{ name: redis, version: 1, repository: 'https://contoso.com' }]\n`,
        },
      );
      assert.match(message, /missing in charts\/ directory: redis$/);
      assert.match(hint ?? '', /helm dependency build/);
    });

    it('says that a schema elsewhere is not fetched', async () => {
      const { code, message } = await refusalOf(
        'a: 1\n',
        {},
        {
          'values.schema.json': '{"$ref":"https://schemas.contoso.com/values.json"}',
        },
      );
      assert.equal(code, 'RenderFailed');
      assert.match(message, /schemas\.contoso\.com/);
    });

    it('says that a link leads out of the folder', async () => {
      await withFiles({ 'secret.txt': 'outside\n', 'chart/Chart.yaml': chartFile }, async (directory) => {
        await symlink('../secret.txt', join(directory, 'chart/secret.txt'));
        const { code, message } = await refusal({ chart: { path: join(directory, 'chart') }, release });
        assert.equal(code, 'RenderFailed');
        assert.match(message, /by the link secret\.txt$/);
      });
    });

    it('says that the release has no name for Helm', async () => {
      const { code } = await refusalOf('a: 1\n', { release: { name: 'Web!', namespace: 'shop' } });
      assert.equal(code, 'InputInvalid');
    });

    it('says which values file is missing', async () => {
      const { code, message } = await refusalOf('a: 1\n', { values: [{ file: '/nowhere/values.yaml' }] });
      assert.equal(code, 'FileNotFound');
      assert.match(message, /\/nowhere\/values\.yaml/);
    });

    it('says that a template includes itself without end', async () => {
      const { message, hint } = await refusalOf(
        '{{ define "l" }}{{ template "l" . }}{{ end }}{{ template "l" . }}\n',
      );
      assert.match(message, /maximum template depth/);
      assert.equal(hint, 'The template includes itself without end.');
    });
  });

  describe('with secret values', () => {
    const templates = {
      'a failure in a function': '{{ .Values.given | mustToDate "2006" }}',
      'a message of the chart': '{{ fail (printf "no %s" .Values.given) }}',
      'an encoded value': '{{ fail (.Values.given | b64enc) }}',
      'a quoted value': '{{ fail (.Values.given | quote) }}',
      'a template made of it': '{{ tpl (printf "%s {{ nope }}" .Values.given) . }}',
    };
    for (const [title, template] of Object.entries(templates)) {
      it(`shows nothing of them in ${title}`, async () => {
        const secret = 'pa"ss-word-of-the-shop';
        const { message, hint } = await refusalOf(`${template}\n`, {
          values: [{ object: { given: secret }, secret: true }],
        });
        const shown = `${message} ${hint ?? ''}`;
        for (const form of [
          secret,
          JSON.stringify(secret).slice(1, -1),
          Buffer.from(secret).toString('base64'),
        ])
          assert.ok(!shown.includes(form), shown);
      });
    }

    it('shows nothing of one that cannot be read', async () => {
      const { message } = await refusalOf('a: 1\n', {
        values: [{ yaml: 'hunter2: : hunter2', name: 'the input "values"', secret: true }],
      });
      assert.equal(message, 'the values cannot be read: the input "values" cannot be read');
    });
  });

  it('stops at once when it is aborted, whatever the template does', async () => {
    const template = '{{ range until 100000 }}{{ range until 100000 }}{{ sha256sum "x" }}{{ end }}{{ end }}';
    await withFiles({ 'Chart.yaml': chartFile, 'templates/web.yaml': template }, async (path) => {
      const reason = new Error('the deadline has passed');
      const abort = new AbortController();
      const rendering = renderHelm(engines, { chart: { path }, release, signal: abort.signal });
      setTimeout(() => {
        abort.abort(reason);
      }, 300);
      await assert.rejects(rendering, reason);
    });
  });
});
