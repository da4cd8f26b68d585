import assert from 'node:assert/strict';
import {
  achievedShare,
  addedCounts,
  approximateCounts,
  formatShare,
  routedCounts,
} from '../../../../core/model/strategy/replicas.ts';

describe('pods for a weight', () => {
  // Facts of Argo Rollouts's approximation, one row each: replicas, weight, surge, then canary and stable pods.
  const argo: readonly (readonly [number, number, number, number, number])[] = [
    [0, 0, 0, 0, 0],
    [0, 100, 1, 0, 0],
    [1, 0, 0, 0, 1],
    [1, 1, 0, 0, 1],
    [1, 49, 0, 0, 1],
    [1, 50, 0, 1, 0],
    [1, 99, 0, 1, 0],
    [1, 100, 0, 1, 0],
    [1, 0, 1, 0, 1],
    [1, 1, 1, 1, 1],
    [1, 49, 1, 1, 1],
    [1, 50, 1, 1, 1],
    [1, 99, 1, 1, 1],
    [1, 100, 1, 1, 0],
    [2, 0, 0, 0, 2],
    [2, 1, 0, 1, 1],
    [2, 50, 0, 1, 1],
    [2, 99, 0, 1, 1],
    [2, 100, 0, 2, 0],
    [2, 0, 1, 0, 2],
    [2, 1, 1, 1, 2],
    [2, 50, 1, 1, 1],
    [2, 99, 1, 2, 1],
    [2, 100, 1, 2, 0],
    [3, 10, 0, 1, 2],
    [3, 25, 0, 1, 2],
    [3, 33, 0, 1, 2],
    [3, 34, 0, 1, 2],
    [3, 49, 0, 1, 2],
    [3, 50, 0, 2, 1],
    [3, 10, 1, 1, 3],
    [3, 25, 1, 1, 3],
    [3, 33, 1, 1, 2],
    [3, 34, 1, 1, 2],
    [3, 49, 1, 2, 2],
    [3, 50, 1, 2, 2],
    [10, 0, 1, 0, 10],
    [10, 1, 0, 1, 9],
    [10, 14, 0, 1, 9],
    [10, 15, 0, 2, 8],
    [10, 16, 0, 2, 8],
    [10, 99, 0, 9, 1],
    [10, 100, 1, 10, 0],
    [10, 1, 1, 1, 10],
    [10, 18, 1, 2, 9],
    [10, 19, 1, 2, 9],
    [10, 20, 1, 2, 8],
    [10, 23, 1, 2, 8],
    [10, 24, 1, 3, 8],
    [10, 25, 1, 3, 8],
    [10, 99, 1, 10, 1],
  ];
  for (const [replicas, weight, surge, canary, stable] of argo) {
    it(`of ${replicas} at ${weight}% with surge ${surge} are ${canary} and ${stable}`, () => {
      assert.deepEqual(approximateCounts(replicas, weight, surge), { canary, stable });
    });
  }

  it('leave no side empty at a weight between 0 and 100, with a surge or more than one pod', () => {
    for (let replicas = 1; replicas <= 30; replicas += 1) {
      for (let weight = 1; weight < 100; weight += 1) {
        for (const surge of replicas === 1 ? [1] : [0, 1]) {
          const { canary, stable } = approximateCounts(replicas, weight, surge);
          assert(canary > 0 && stable > 0, `${replicas} ${weight} ${surge}`);
          assert(canary + stable <= replicas + surge);
        }
      }
    }
  });

  for (const [stable, weight, canary, share] of [
    [12, 25, 4, '25'],
    [4, 25, 1, '20'],
    [1, 25, 1, '50'],
    [4, 12.5, 1, '20'],
    [10, 10, 1, '9.1'],
    [10, 50, 10, '50'],
    [4, 75, 4, '50'],
    [4, 0, 0, '0'],
  ] as const) {
    it(`beside ${stable} stable ones at ${weight}% are ${canary}, which is ${share}%`, () => {
      const counts = addedCounts(stable, weight);
      assert.equal(counts.canary, canary);
      assert.equal(formatShare(achievedShare(counts)), share);
    });
  }

  for (const [stable, weight, canary] of [
    [10, 20, 2],
    [10, 25, 3],
    [10, 33, 4],
    [10, 99, 10],
    [10, 0, 0],
    [1, 5, 1],
  ] as const) {
    it(`behind a route of ${stable} at ${weight}% are ${canary}`, () => {
      assert.deepEqual(routedCounts(stable, weight), { canary, stable });
    });
  }
});
