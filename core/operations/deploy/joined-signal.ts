import { setMaxListeners } from 'node:events';

/** Ends when any of them ends. Every request and watch of a deployment listens to it: many listeners are no leak. */
export function joinSignals(...signals: readonly AbortSignal[]): AbortSignal {
  const joined = AbortSignal.any([...signals]);
  setMaxListeners(0, joined);
  return joined;
}
