import type { Clock } from '../../model/ports.ts';

/**
 * What a host asked for with `Retry-After` holds for every request to it: one transfer that is told to wait makes all
 * of them wait, instead of each being refused in turn.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #resumeAt = new Map<string, number>();

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** @param milliseconds from now */
  pause(host: string, milliseconds: number): void {
    const until = this.#clock.now() + milliseconds;
    if (until > (this.#resumeAt.get(host) ?? 0)) this.#resumeAt.set(host, until);
  }

  /** When the host may be asked again, in milliseconds since the epoch; zero when it never said. */
  resumeAt(host: string): number {
    return this.#resumeAt.get(host) ?? 0;
  }

  /** Resolves once the host may be asked: a little apart for each caller, so that they do not return as one burst. */
  async ready(host: string, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const wait = this.resumeAt(host) - this.#clock.now();
      if (wait <= 0) return;
      await this.#clock.sleep(wait + this.#random() * Math.min(wait, 250), signal);
    }
  }
}
