import assert from 'node:assert/strict';
import { nextStep, parseSteps } from '../../../../core/model/strategy/steps.ts';

describe('the steps of a canary', () => {
  const minute = 60_000;
  for (const [text, expected] of [
    [
      '10, 25, 50',
      [
        [10, minute],
        [25, minute],
        [50, minute],
      ],
    ],
    [
      '10: 5m, 25%=90s, 50',
      [
        [10, 5 * minute],
        [25, 90_000],
        [50, minute],
      ],
    ],
    [
      '12.5\n99.99',
      [
        [12.5, minute],
        [99.99, minute],
      ],
    ],
  ] as const) {
    it(`are read from ${JSON.stringify(text)}`, () => {
      assert.deepEqual(
        parseSteps(text, minute).map(({ weight, bake }) => [weight, bake]),
        expected,
      );
    });
  }

  for (const text of [
    '',
    ' , ',
    'NaN',
    '0',
    '100',
    '-5',
    '25, 10',
    '25, 25',
    '10: soon',
    'ten',
    '10 20',
    '1e1',
    '12.345',
  ]) {
    it(`are refused when they are ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseSteps(text, 0), { code: 'InputInvalid' });
    });
  }

  it('go on with the first that gives more than there is', () => {
    const steps = parseSteps('10, 25, 50', 0);
    assert.equal(nextStep(steps, 0)?.weight, 10);
    assert.equal(nextStep(steps, 10)?.weight, 25);
    assert.equal(nextStep(steps, 30)?.weight, 50);
    assert.equal(nextStep(steps, 50), undefined);
  });
});
