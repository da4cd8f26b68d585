import type { Clock } from '../../core/model/ports.ts';

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/**
 * Time that passes only when everybody waits: the next sleeper wakes as soon as nothing else is left to do. Work that
 * really takes time (sockets, files) must not run beside it.
 */
export function virtualClock(start = Date.parse('2026-11-21T01:00:00Z')): Clock {
  let now = start;
  let turning = false;
  const sleepers: Sleeper[] = [];

  async function turn(): Promise<void> {
    if (turning) return;
    turning = true;
    while (sleepers.length > 0) {
      // Twenty rounds of the event loop: enough for any chain of promises in these tests to settle.
      for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
      sleepers.sort((one, other) => one.at - other.at);
      const next = sleepers.shift();
      if (next === undefined) break;
      now = Math.max(now, next.at);
      next.wake();
    }
    turning = false;
  }

  return {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const abort = (): void => {
          const index = sleepers.indexOf(sleeper);
          if (index >= 0) sleepers.splice(index, 1);
          reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
        };
        const sleeper: Sleeper = {
          at: now + milliseconds,
          wake: () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        if (signal?.aborted === true) {
          abort();
          return;
        }
        signal?.addEventListener('abort', abort, { once: true });
        sleepers.push(sleeper);
        void turn();
      }),
  };
}
