import { get } from 'node:http';

/** What came of the requests of one phase. */
export interface PhaseLoad {
  readonly phase: string;
  readonly requests: number;
  readonly failures: number;
  /** How often each answer came. */
  readonly answers: Readonly<Record<string, number>>;
  /** How often each failure came. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface SteadyLoad {
  /** From now on requests count for another phase. */
  begin(phase: string): void;
  /** Ends the load and waits for what is still under way. */
  stop(): Promise<readonly PhaseLoad[]>;
}

interface Counting {
  readonly phase: string;
  requests: number;
  failures: number;
  readonly answers: Record<string, number>;
  readonly errors: Record<string, number>;
}

/** For a single answer; a request that takes longer has failed. */
const patience = 5_000;

/**
 * Sends a request every `interval` milliseconds, each over a connection of its own, whatever becomes of those before: an
 * open loop, so that an outage is seen as long as it lasts. A request counts for the phase in which it was sent.
 */
export function startLoad(url: string, interval: number): SteadyLoad {
  const phases: Counting[] = [];
  const underWay = new Set<Promise<void>>();
  const begin = (phase: string): void => {
    phases.push({ phase, requests: 0, failures: 0, answers: {}, errors: {} });
  };
  begin('before');
  const send = (): void => {
    const counting = phases.at(-1);
    if (counting === undefined) return;
    counting.requests += 1;
    const request = ask(url).then(
      (answer) => {
        counting.answers[answer] = (counting.answers[answer] ?? 0) + 1;
      },
      (error: unknown) => {
        const name = error instanceof Error ? error.message : String(error);
        counting.failures += 1;
        counting.errors[name] = (counting.errors[name] ?? 0) + 1;
      },
    );
    const done = request.finally(() => underWay.delete(done));
    underWay.add(done);
  };
  const timer = setInterval(send, interval);
  return {
    begin,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      return phases;
    },
  };
}

/** The text of a 200; anything else is an error. */
export function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: patience }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body.trim());
        else reject(new Error(`HTTP ${response.statusCode ?? 0}`));
      });
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(error.code ?? error.message));
    });
  });
}
