import assert from 'node:assert/strict';
import { evaluate, type Scope, type Value } from '../../sandbox/pipeline/evaluation.ts';
import { parseExpression } from '../../sandbox/pipeline/expression.ts';
import { mapping, reader } from '../../sandbox/pipeline/status.ts';

const scope: Scope = {
  read: reader({
    variables: mapping([['Build.Reason', 'Manual']]),
    dependencies: mapping([['A', mapping([['result', 'Succeeded']])]]),
  }),
  status: (name) => (name === 'succeeded' ? true : undefined),
};

const valueOf = (text: string): Value => evaluate(parseExpression(text), scope);

describe('an expression', () => {
  const values: readonly (readonly [string, Value])[] = [
    ["'it''s'", "it's"],
    ['-1.5', -1.5],
    ['true', true],
    ["eq('Main', 'main')", true],
    ["eq(1, '1')", true],
    ["eq(true, 'x')", true],
    ["eq('true', true)", true],
    ["ne('', null)", false],
    ["and(succeeded(), eq(variables['Build.Reason'], 'manual'))", true],
    ["in(dependencies.A.result, 'Skipped', 'Succeeded')", true],
    ["notIn('a', 'b', 'c')", true],
    ["or(false, contains('Release', 'lease'))", true],
    ["not(startsWith('refs/heads/main', 'refs/tags/'))", true],
    ["coalesce(variables['None'], '', 'x')", 'x'],
    ["variables['None']", null],
  ];
  for (const [text, value] of values) {
    it(`${text} is ${JSON.stringify(value)}`, () => {
      assert.equal(valueOf(text), value);
    });
  }

  it('stops at the first value that decides', () => {
    assert.equal(valueOf("and(false, unknown('x'))"), false);
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /expected a value, found its end/],
    ["eq('a'", /expected "\)", found its end/],
    ["eq('a')", /eq\(\) takes 2 values, not 1/],
    ["'a' 'b'", /nothing may follow, found "b"/],
    ["'open", /cannot read from "'open"/],
    ['a..b', /expected a name after "\."/],
    ['a == b', /cannot read from "== b"/],
    ["counter('x', 1)", /the function counter\(\) is not in the subset/],
    ['secrets.password', /"secrets.password" is not known here/],
  ];
  for (const [text, message] of refused) {
    it(`${text === '' ? 'an empty text' : text} is refused`, () => {
      assert.throws(() => valueOf(text), message);
    });
  }
});
