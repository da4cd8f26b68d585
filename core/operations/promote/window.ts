import { setMaxListeners } from 'node:events';

/**
 * Does the work for all items, at most `width` at a time. The first failure stops what is under way and is thrown once
 * everything has come to rest: nothing goes on behind the caller's back.
 */
export async function inWindow<Item, Result>(
  items: readonly Item[],
  width: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<readonly Result[]> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, inner);
  const results = new Map<number, Result>();
  const failures: unknown[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (inner.aborted) return;
      try {
        results.set(index, await work(item, inner));
      } catch (error) {
        failures.push(error);
        stop.abort(error);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
  signal.throwIfAborted();
  return items.map((_, index) => {
    // Every item has its result here: a lane leaves early only after a failure or an abort.
    return results.get(index) as Result;
  });
}
