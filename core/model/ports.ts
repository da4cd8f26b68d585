/**
 * What an operation needs from the outside besides its clients. An operation is handed these; it never reaches for them.
 */

/** Time: the only source of "now" and of waiting. Milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Where a person follows the work: one line per phase and per change. Implementations neutralise outside text. */
export interface Log {
  /** A step of the operation with its own group in the log: "Plan", "Apply", "Wait". */
  phase(title: string): void;
  line(text: string): void;
  warning(text: string): void;
  /** Shown only when the author asks for diagnostics (`System.Debug`). */
  debug(text: string): void;
}

/** An absolute time (milliseconds since the epoch) by which something must be done, carried by a signal. */
export interface Deadline {
  readonly at: number;
  readonly signal: AbortSignal;
}
