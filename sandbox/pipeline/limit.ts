/** A signal that is also aborted after some minutes; zero and undefined are no limit, as in a pipeline. */
export function limited(signal: AbortSignal, minutes: number | undefined): AbortSignal {
  if (minutes === undefined || minutes === 0) return signal;
  return AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000)]);
}
