import assert from 'node:assert/strict';
import { explainHelm } from '../../../core/render/helm-failure.ts';

function explain(step: string, message: string, secrets: readonly string[] = []): string {
  return explainHelm({ step, message, secrets }, 'deploy/shop').message;
}

describe('what Helm says of a chart', () => {
  const cases: readonly (readonly [title: string, step: string, said: string, explained: string])[] = [
    [
      'a template that cannot be parsed',
      'template',
      'parse error at (shop/templates/web.yaml:2): unclosed action',
      'chart deploy/shop, templates/web.yaml:2: unclosed action',
    ],
    [
      'a value that the chart requires',
      'template',
      'execution error at (shop/templates/web.yaml:1:6): set image.tag',
      'chart deploy/shop, templates/web.yaml:1:6: set image.tag',
    ],
    [
      'a failure below several templates',
      'template',
      'shop/templates/web.yaml:1:6\n  executing "shop/templates/web.yaml" at <include "t" .>:\n    error calling include:\n' +
        'shop/templates/_t.tpl:2:10\n  executing "t" at <.Values.a.b>:\n    nil pointer evaluating interface {}.b',
      'chart deploy/shop, templates/_t.tpl:2:10: nil pointer evaluating interface {}.b at {{ .Values.a.b }}',
    ],
    [
      'a failure of a function',
      'template',
      'template: shop/templates/web.yaml:1:3: executing "shop/templates/web.yaml" at <tpl .Values.t .>: error calling tpl: cannot parse template "of \\"values\\"": template: gotpl:1: function "nope" not defined',
      'chart deploy/shop, templates/web.yaml:1:3: tpl: cannot parse template: template: gotpl:1: function "nope" not defined at {{ tpl .Values.t . }}',
    ],
    [
      'a template of a subchart',
      'template',
      'parse error at (shop/charts/cache/templates/c.yaml:9): unexpected EOF',
      'chart deploy/shop, charts/cache/templates/c.yaml:9: unexpected EOF',
    ],
    [
      'text that is not YAML',
      'manifest',
      'YAML parse error on shop/templates/web.yaml: error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context',
      'chart deploy/shop, templates/web.yaml: what it renders to is not YAML: line 3: mapping values are not allowed in this context',
    ],
    [
      'something of a form that is not known',
      'template',
      'rendering template failed: index out of range',
      'chart deploy/shop: rendering template failed: index out of range',
    ],
  ];
  for (const [title, step, said, explained] of cases) {
    it(`of ${title} names the place below the chart`, () => {
      assert.equal(explain(step, said), explained);
    });
  }

  it('is shown without secret texts', () => {
    const message = explain(
      'template',
      'execution error at (shop/templates/web.yaml:1:6): no hunter2hunter2',
      ['hunter2hunter2'],
    );
    assert.equal(message, 'chart deploy/shop, templates/web.yaml:1:6: no ***');
  });

  it('is the fault of an input where it is about the values or the release', () => {
    for (const step of ['values', 'release'])
      assert.equal(explainHelm({ step, message: 'x' }, 'c').code, 'InputInvalid');
    for (const step of ['chart', 'dependencies', 'schema', 'template', 'manifest', 'kubeVersion', 'defect'])
      assert.equal(explainHelm({ step, message: 'x' }, 'c').code, 'RenderFailed');
  });
});
