import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { DeliveryError } from '../../model/errors.ts';
import type { Clock, Deadline } from '../../model/ports.ts';

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal) {
    try {
      await setTimeout(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // node wraps the reason of an abort into an AbortError of its own; what callers wait for is the reason itself.
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/**
 * A deadline `milliseconds` from now, which the run's cancellation also ends.
 * @param what what then was not done in time, for the message
 */
export function deadlineIn(milliseconds: number, what: string, cancelled?: AbortSignal): Deadline {
  const controller = new AbortController();
  const timer = globalThis.setTimeout(() => {
    const message = `${what} did not finish within ${milliseconds / 60_000} minutes`;
    const hint =
      'Raise the timeout input if the work is simply large; what was transferred stays and is not moved again.';
    controller.abort(new DeliveryError('DeadlineExceeded', message, { hint }));
  }, milliseconds);
  timer.unref();
  const signal =
    cancelled === undefined ? controller.signal : AbortSignal.any([controller.signal, cancelled]);
  // Every request in flight listens to it.
  setMaxListeners(0, signal);
  return { at: Date.now() + milliseconds, signal };
}
