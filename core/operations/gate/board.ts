import type { Clock, Log } from '../../model/ports.ts';
import type { Verdict } from '../../model/release.ts';

/** How a check stands right now. */
export interface Standing {
  readonly state: 'waiting' | 'measuring' | Verdict;
  /** "7/10", where there are several. */
  readonly place: string;
  readonly text: string;
}

/** How often the whole table is shown while checks run: a log cannot be redrawn, so it is shown anew. */
const period = 30_000;

/** The table of all checks, shown while they run. */
export class Board {
  readonly #standings: Map<string, Standing>;

  constructor(names: readonly string[]) {
    const waiting: Standing = { state: 'waiting', place: '', text: '' };
    this.#standings = new Map(names.map((name) => [name, waiting]));
  }

  set(name: string, standing: Partial<Standing>): void {
    const before = this.#standings.get(name);
    if (before !== undefined) this.#standings.set(name, { ...before, ...standing });
  }

  lines(): readonly string[] {
    const width = Math.max(...[...this.#standings.keys()].map((name) => name.length));
    return [...this.#standings].map(([name, { state, place, text }]) =>
      `  ${state.padEnd(12)} ${name.padEnd(width)} ${place.padStart(7)} ${text}`.trimEnd(),
    );
  }

  /** Shows the table every while until the signal is aborted. */
  async show(clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await clock.sleep(period, signal);
        for (const line of this.lines()) log.line(line);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
