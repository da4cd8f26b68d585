import assert from 'node:assert/strict';
import { seriesOf } from '../../../core/model/measured.ts';

const time = (value: number, limit?: number) => ({
  values: [{ name: 'time', value, unit: 'milliseconds' as const, ...(limit === undefined ? {} : { limit }) }],
});

describe('what a check measured', () => {
  it('is one series per quantity, in the order of measuring, with the last limit', () => {
    assert.deepEqual(seriesOf([time(3), {}, time(5, 9)]), [
      { name: 'time', unit: 'milliseconds', limit: 9, points: [3, 5] },
    ]);
  });

  it('is nothing when nothing was measured', () => {
    assert.equal(seriesOf([{}, {}]), undefined);
  });

  it('leaves out what is no figure', () => {
    assert.deepEqual(seriesOf([time(NaN), time(Infinity), time(1)])?.[0]?.points, [1]);
  });

  it('is thinned to sixty points that keep the worst of each stretch', () => {
    const many = Array.from({ length: 6_000 }, (_, index) => time(index === 3_333 ? 99 : 1));
    const points = seriesOf(many)?.[0]?.points ?? [];
    assert.equal(points.length, 60);
    assert.equal(Math.max(...points), 99);
  });
});
