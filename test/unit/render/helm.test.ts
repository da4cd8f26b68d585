import assert from 'node:assert/strict';
import type { EngineRun, Engines } from '../../../core/render/engines.ts';
import { renderHelm, templateText, type HelmResult } from '../../../core/render/helm.ts';

const answer = {
  chart: { name: 'web', version: '1.0.0' },
  crds: '---\n# Source: web/crds/a.yaml\na: 1\n\n',
  manifests: '---\n# Source: web/templates/b.yaml\nb: 2\n\n\n',
  hooks: [
    {
      kind: 'Pod',
      name: 't',
      path: 'web/templates/t.yaml',
      manifest: 't: 3',
      events: ['test'],
      weight: 0,
      deletePolicies: [],
    },
  ],
  notes: '',
  warnings: [],
};

function engines(runs: EngineRun[], given: unknown): Engines {
  return {
    run(run) {
      runs.push(run);
      return Promise.resolve({ answer: given, exitCode: 0, errors: '', escapes: [] });
    },
  };
}

describe('asking for a chart', () => {
  const chart = { archive: Buffer.from('tgz'), name: 'web.tgz' };
  const render = async (runs: EngineRun[]): Promise<HelmResult> =>
    renderHelm(engines(runs, answer), { chart, release: { name: 'web', namespace: 'shop' } });

  it('hands the archive over as a file and asks for a first revision', async () => {
    const runs: EngineRun[] = [];
    await render(runs);
    assert.deepEqual(runs.at(0)?.mounts, { files: { 'chart.tgz': chart.archive } });
    assert.deepEqual(runs.at(0)?.request, {
      chart: '/input/chart.tgz',
      release: { name: 'web', namespace: 'shop', revision: 1, isUpgrade: false },
      values: [],
      kubeVersion: '',
      apiVersions: [],
      skipSchemaValidation: false,
    });
  });

  it('writes what helm template writes, with and without CRDs and tests', async () => {
    const result = await render([]);
    const objects = '---\n# Source: web/templates/b.yaml\nb: 2\n';
    const tests = '---\n# Source: web/templates/t.yaml\nt: 3\n';
    assert.equal(templateText(result), `${objects}${tests}`);
    assert.equal(templateText(result, { skipTests: true }), objects);
    assert.equal(
      templateText(result, { includeCrds: true }),
      `---\n# Source: web/crds/a.yaml\na: 1\n\n${objects}${tests}`,
    );
  });

  it('takes an answer of another form for a fault', async () => {
    const request = { chart, release: { name: 'web', namespace: 'shop' } };
    await assert.rejects(renderHelm(engines([], { chart: 1 }), request), { code: 'RenderFailed' });
    await assert.rejects(renderHelm(engines([], undefined), request), { code: 'RenderFailed' });
  });

  it('says that a path has no chart', async () => {
    await assert.rejects(
      renderHelm(engines([], answer), {
        chart: { path: '/nowhere' },
        release: { name: 'web', namespace: 'shop' },
      }),
      { code: 'FileNotFound' },
    );
  });
});
