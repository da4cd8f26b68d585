import assert from 'node:assert/strict';
import { inWindow } from '../../../../core/operations/promote/window.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work in a window', () => {
  it('is never wider than the window, and keeps the order of its results', async () => {
    let [now, most] = [0, 0];
    const results = await inWindow([5, 3, 4, 1, 2], 2, never, async (item) => {
      now += 1;
      most = Math.max(most, now);
      for (let index = 0; index < item; index += 1) await turn();
      now -= 1;
      return item * 10;
    });
    assert.deepEqual(results, [50, 30, 40, 10, 20]);
    assert.equal(most, 2);
  });

  it('stops what is under way at the first failure, and throws it once all has come to rest', async () => {
    const ended: number[] = [];
    const failing = inWindow([1, 2, 3, 4], 2, never, async (item, signal) => {
      if (item === 1) throw new Error('first');
      while (!signal.aborted) await turn();
      ended.push(item);
      throw new Error('stopped');
    });
    await assert.rejects(failing, /first/);
    assert.deepEqual(ended, [2]);
  });

  it('begins nothing after it was aborted', async () => {
    const controller = new AbortController();
    const begun: number[] = [];
    const work = inWindow([1, 2, 3], 1, controller.signal, (item) => {
      begun.push(item);
      controller.abort(new Error('cancelled'));
      return Promise.resolve();
    });
    await assert.rejects(work, /cancelled/);
    assert.deepEqual(begun, [1]);
  });
});
