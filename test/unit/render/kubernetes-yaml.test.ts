import assert from 'node:assert/strict';
import { parseYaml } from '../../../core/render/kubernetes-yaml.ts';
import { isDeliveryError } from '../../../core/model/errors.ts';

describe('parseYaml', () => {
  // What `kubectl annotate --local -o json` of v1.32 and v1.34 makes of each of these.
  const scalars: readonly (readonly [string, unknown])[] = [
    ['0644', 420],
    ['089', 89],
    ['0_7', 7],
    ['0o17', 15],
    ['0x1F', 31],
    ['-0x10', -16],
    ['0b11', 3],
    ['1_000', 1000],
    ['+1', 1],
    ['1e3', 1000],
    ['.5', 0.5],
    ['1.', 1],
    ['yes', true],
    ['on', true],
    ['N', false],
    ['TRUE', true],
    ['tRue', 'tRue'],
    ['~', null],
    ['2020-01-01', '2020-01-01'],
    ['12:30:45', '12:30:45'],
    ['"0644"', '0644'],
    ['!!str 1', '1'],
  ];
  for (const [text, value] of scalars) {
    it(`reads ${text} as kubectl does: ${JSON.stringify(value)}`, () => {
      assert.deepEqual(parseYaml(`key: ${text}`, 'f.yaml'), [{ value: { key: value }, line: 1 }]);
    });
  }

  it('gives every document the line on which its content begins, empty documents included', () => {
    const documents = parseYaml('# comment\n---\n# comment\na: 1\n---\n---\n# comment\n\n- b\n', 'f.yaml');
    assert.deepEqual(documents, [
      { value: { a: 1 }, line: 4 },
      { value: undefined, line: 4 },
      { value: ['b'], line: 9 },
    ]);
  });

  it('follows anchors and merge keys', () => {
    const [document] = parseYaml('base: &base {a: 1, b: 1}\nderived: {<<: *base, b: 2}', 'f.yaml');
    assert.deepEqual(document?.value, { base: { a: 1, b: 1 }, derived: { a: 1, b: 2 } });
  });

  it('reads JSON', () => {
    assert.deepEqual(parseYaml('{"a": [1, {"b": null}]}', 'f.json')[0]?.value, { a: [1, { b: null }] });
  });

  const faults: readonly (readonly [string, string, string])[] = [
    ['an unclosed list', 'a: [1\nb', 'f.yaml:2'],
    ['a template that was not rendered', 'kind: X\na: {{ .Values.x }}\n', 'f.yaml:2'],
    ['a key given twice', 'a: 1\na: 2', 'f.yaml:2'],
    ['an unknown tag', 'a: !!foo 1', 'f.yaml:1'],
    ['a tab for indentation', 'a:\n\tb: 1', 'f.yaml:2'],
  ];
  for (const [what, text, place] of faults) {
    it(`refuses ${what}, naming the place`, () => {
      assert.throws(
        () => parseYaml(text, 'f.yaml'),
        (error) =>
          isDeliveryError(error) && error.code === 'ManifestInvalid' && error.message.startsWith(`${place} `),
      );
    });
  }

  it('never quotes the lines around a fault: they may be a Secret', () => {
    assert.throws(
      () => parseYaml('password: hunter2\nnext: [1\nb: hunter2', 'f.yaml'),
      (error) => isDeliveryError(error) && !error.message.includes('hunter2'),
    );
  });

  it('refuses aliases that grow without bound', () => {
    const names = [...Array(8).keys()].map((index) => `n${index}`);
    const lines = names.map((name, index) =>
      index === 0
        ? `${name}: &${name} [x, x, x, x, x, x, x, x, x, x]`
        : `${name}: &${name} [${Array(10)
            .fill(`*n${index - 1}`)
            .join(', ')}]`,
    );
    assert.throws(
      () => parseYaml(lines.join('\n'), 'bomb.yaml'),
      (error) => isDeliveryError(error) && /million values/.test(error.message),
    );
  });
});
