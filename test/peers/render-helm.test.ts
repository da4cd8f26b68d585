import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { renderHelm, templateText, type HelmRequest } from '../../core/render/helm.ts';
import type { Engines } from '../../core/render/engines.ts';
import { charts, packChart, realEngines } from '../support/render-fixtures.ts';
import { answerOf, renderPeer } from '../support/render-peers.ts';

const shop = join(charts, 'shop');
const release = { name: 'shop-web', namespace: 'shop' };

interface Case {
  readonly title: string;
  readonly request: Partial<HelmRequest>;
  /** The same as flags of `helm template`. */
  readonly flags: readonly string[];
}

const cases: readonly Case[] = [
  { title: 'with its own values', request: {}, flags: [] },
  {
    title: 'with values of an environment, and null, lists and maps among them',
    request: { values: [{ file: join(shop, 'values-production.yaml') }] },
    flags: ['--values', join(shop, 'values-production.yaml')],
  },
  {
    title: 'with a values file of two documents',
    request: { values: [{ file: join(shop, 'values-documents.yaml') }] },
    flags: ['--values', join(shop, 'values-documents.yaml')],
  },
  {
    title: 'with typed, text, JSON and literal values, and one from a file',
    request: {
      values: [
        { file: join(shop, 'values-production.yaml') },
        { set: 'ports=[{"name":"web"}]', as: 'json', secret: true },
        { set: 'ports[0].name=web,ports[0].port=81,extraEnvironment.A=1', as: 'typed' },
        { set: 'version=1.11,port=0815,extraEnvironment.B=true,greeting=a\\,b', as: 'string' },
        { setFile: `extraEnvironment.FILE=${join(shop, 'config/motd.txt')}` },
        { set: 'extraEnvironment.LITERAL=a,b=c{d}', as: 'literal' },
      ],
    },
    flags: [
      ...['--values', join(shop, 'values-production.yaml'), '--set-json', 'ports=[{"name":"web"}]'],
      ...['--set', 'ports[0].name=web,ports[0].port=81,extraEnvironment.A=1'],
      ...['--set-string', 'version=1.11,port=0815,extraEnvironment.B=true,greeting=a\\,b'],
      ...['--set-file', `extraEnvironment.FILE=${join(shop, 'config/motd.txt')}`],
      ...['--set-literal', 'extraEnvironment.LITERAL=a,b=c{d}'],
    ],
  },
  {
    title: 'for a cluster of another version with other kinds',
    request: { kubeVersion: 'v1.31.4-aks.1', apiVersions: ['monitoring.coreos.com/v1', 'a/v1/B'] },
    flags: ['--kube-version', 'v1.31.4-aks.1', '--api-versions', 'monitoring.coreos.com/v1,a/v1/B'],
  },
  {
    title: 'as an upgrade, with passwords derived',
    request: {
      release: { ...release, isUpgrade: true },
      values: [{ set: 'passwords=true', as: 'typed' }],
    },
    flags: ['--is-upgrade', '--set', 'passwords=true'],
  },
  {
    title: 'with subcharts switched by condition and tag',
    request: {
      values: [
        {
          object: {
            tags: { messaging: false },
            cache: { enabled: false },
            cacheConnection: { host: 'h', port: 1 },
          },
        },
      ],
    },
    flags: [
      '--set-json',
      '{"tags":{"messaging":false},"cache":{"enabled":false},"cacheConnection":{"host":"h","port":1}}',
    ],
  },
];

describe('helm template of a chart that uses every feature', () => {
  let engines: Engines;
  before(async function () {
    this.timeout(600_000);
    engines = await realEngines();
    await renderPeer('helm');
    await renderPeer('helm3');
  });

  for (const { title, request, flags } of cases) {
    it(`writes the bytes that we render ${title}`, async () => {
      const ours = await renderHelm(engines, { chart: { path: shop }, release, ...request });
      const theirs = await answerOf('helm', ['template', 'shop-web', shop, '-n', 'shop', ...flags]);
      assert.equal(theirs.error, undefined);
      assert.equal(templateText(ours), theirs.output);
    }).timeout(60_000);
  }

  it('writes the bytes that we render with CRDs and without tests', async () => {
    const ours = await renderHelm(engines, { chart: { path: shop }, release });
    const args = ['template', 'shop-web', shop, '-n', 'shop', '--include-crds', '--skip-tests'];
    assert.equal(
      templateText(ours, { includeCrds: true, skipTests: true }),
      (await answerOf('helm', args)).output,
    );
  }).timeout(60_000);

  it('writes the bytes that we render of an archive', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'aks-delivery-chart-'));
    try {
      const path = join(directory, 'shop.tgz');
      await packChart(shop, 'shop', path);
      const ours = await renderHelm(engines, { chart: { path }, release });
      assert.equal(
        templateText(ours),
        (await answerOf('helm', ['template', 'shop-web', path, '-n', 'shop'])).output,
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }).timeout(60_000);

  it("writes the bytes that we render of a chart of Helm 2's time", async () => {
    const path = join(charts, 'older');
    const ours = await renderHelm(engines, { chart: { path }, release });
    assert.equal(
      templateText(ours),
      (await answerOf('helm', ['template', 'shop-web', path, '-n', 'shop'])).output,
    );
  }).timeout(60_000);

  it('writes the same notes', async () => {
    const ours = await renderHelm(engines, { chart: { path: shop }, release });
    const args = ['install', 'shop-web', shop, '-n', 'shop', '--dry-run=client', '--hide-notes=false'];
    const { output } = await answerOf('helm', args);
    assert.equal(ours.notes, 'shop-web is installed.\n');
    assert.ok(output.includes(`NOTES:\n${ours.notes}`));
  }).timeout(60_000);

  it('of Helm 3 writes the same objects', async () => {
    const values = join(shop, 'values-production.yaml');
    const ours = await renderHelm(engines, {
      chart: { path: shop },
      release,
      values: [{ file: values }],
      kubeVersion: 'v1.34.4',
    });
    const args = ['template', 'shop-web', shop, '-n', 'shop', '-f', values, '--kube-version', 'v1.34.4'];
    const theirs = await answerOf('helm3', args);
    assert.deepEqual(objectsOf(templateText(ours)), objectsOf(theirs.output));
  }).timeout(60_000);

  it('refuses what we refuse', async () => {
    const request: HelmRequest = {
      chart: { path: shop },
      release,
      values: [{ set: 'replicas=many', as: 'typed' }],
    };
    const { error } = await answerOf('helm', ['template', 'shop-web', shop, '--set', 'replicas=many']);
    const reason = "- at '/replicas': got string, want integer";
    assert.ok(error?.includes(reason));
    await assert.rejects(renderHelm(engines, request), (thrown: Error) => thrown.message.includes(reason));
  }).timeout(60_000);
});

/** In an order of their own: Helm 4 puts webhooks last, and keeps blank lines that Helm 3 drops. */
function objectsOf(text: string): readonly string[] {
  // The one line of the fixture that is about the program itself.
  const documents = loadAll(text.replaceAll(/^ +helm: v.*$/gm, '')) as readonly unknown[];
  return documents
    .filter((document) => document !== null && document !== undefined)
    .map((document) => JSON.stringify(document, null, 1).replaceAll(/(\\n)+"/g, '"'))
    .sort();
}
