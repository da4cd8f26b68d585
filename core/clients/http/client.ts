import { DeliveryError } from '../../model/errors.ts';
import type { Clock, Deadline } from '../../model/ports.ts';
import { AgentPool, type ProxyAddress } from './agents.ts';
import { ConnectionError, ResponseError } from './failures.ts';
import {
  discard,
  readBytes,
  smallAnswer,
  type CompleteResponse,
  type HttpRequest,
  type HttpResponse,
} from './message.ts';
import { attemptsFor, backoff, isTransient, retryAfter } from './retry-policy.ts';
import { Throttle } from './throttle.ts';
import { Transport, type OpenRequest } from './transport.ts';

export interface HttpClientOptions {
  readonly clock: Clock;
  /** By when everything asked through this client must be done. */
  readonly deadline: Deadline;
  readonly proxy?: ProxyAddress | undefined;
  readonly debug?: (line: string) => void;
  /** How long a connection may be silent, in milliseconds. */
  readonly silence?: number;
  /** 0..1, for the spread of pauses. */
  readonly random?: () => number;
}

/** Requests with patience: transient failures are tried again until the deadline, throttled hosts are left in peace. */
export class HttpClient {
  readonly deadline: Deadline;
  readonly #clock: Clock;
  readonly #agents: AgentPool;
  readonly #transport: Transport;
  readonly #throttle: Throttle;
  readonly #random: () => number;
  readonly #debug: (line: string) => void;

  constructor(options: HttpClientOptions) {
    this.deadline = options.deadline;
    this.#clock = options.clock;
    this.#random = options.random ?? Math.random;
    this.#debug = options.debug ?? ((): void => undefined);
    this.#agents = new AgentPool(options.proxy);
    this.#throttle = new Throttle(options.clock, this.#random);
    this.#transport = new Transport({
      agents: this.#agents,
      userAgent: 'aks-delivery',
      silence: options.silence ?? 60_000,
    });
  }

  /**
   * Sends the request until its answer is final: a success, a redirect or a refusal that time does not cure.
   * @throws ConnectionError, or DeliveryError `DeadlineExceeded`; the signal's reason when it was aborted. After the last
   *   attempt a transient answer is returned as it came, so that the caller can say what the service said.
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const patience = this.patience(request.url, request.signal);
    for (;;) {
      await patience.ready();
      let response: HttpResponse;
      try {
        response = await this.#transport.exchange({ ...request, signal: patience.signal });
      } catch (error) {
        await patience.afterFailure(error);
        continue;
      }
      if (!isTransient(response.status)) return response;
      const pause = patience.pauseAfter(response);
      if (pause === undefined) return response;
      discard(response);
      await pause();
    }
  }

  /**
   * Like `send`, and reads the answer too: a body that breaks off is asked for again.
   * @param limit of the body, in bytes
   */
  async fetch(request: HttpRequest, limit = smallAnswer): Promise<CompleteResponse> {
    const patience = this.patience(request.url, request.signal);
    for (;;) {
      const response = await this.send(request);
      try {
        const bytes = await readBytes(response, limit);
        return { status: response.status, headers: response.headers, bytes };
      } catch (error) {
        if (error instanceof DeliveryError) throw error;
        await patience.afterFailure(new ConnectionError(request.url, error));
      }
    }
  }

  /** One attempt with a body that the caller writes: only the caller can say it again. */
  open(request: Omit<HttpRequest, 'body'>): OpenRequest {
    return this.#transport.open({ ...request, signal: this.#signalOf(request.signal) });
  }

  /** The bookkeeping of one retried piece of work against one host. */
  patience(url: URL, signal?: AbortSignal): Patience {
    return new Patience({
      clock: this.#clock,
      deadline: this.deadline,
      throttle: this.#throttle,
      random: this.#random,
      debug: this.#debug,
      url,
      signal: this.#signalOf(signal),
    });
  }

  close(): void {
    this.#agents.close();
  }

  #signalOf(signal: AbortSignal | undefined): AbortSignal {
    return signal ?? this.deadline.signal;
  }
}

const shortestPause = 200;

interface PatienceOptions {
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly throttle: Throttle;
  readonly random: () => number;
  readonly debug: (line: string) => void;
  readonly url: URL;
  readonly signal: AbortSignal;
}

/** Counts attempts, waits between them, and knows when there is no point in another. */
export class Patience {
  readonly signal: AbortSignal;
  readonly #options: PatienceOptions;
  #attempt = 1;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.signal = options.signal;
  }

  /** Waits while the host has asked not to be asked. */
  async ready(): Promise<void> {
    this.signal.throwIfAborted();
    await this.#options.throttle.ready(this.#options.url.host, this.signal);
  }

  /** Progress was made: what failed before does not count against what comes. */
  reset(): void {
    this.#attempt = 1;
  }

  /** @throws the failure, when it is not the connection's or patience is at its end */
  async afterFailure(failure: unknown): Promise<void> {
    this.signal.throwIfAborted();
    const isPassing =
      failure instanceof ConnectionError || (failure instanceof ResponseError && isTransient(failure.status));
    if (!isPassing || this.#attempt >= attemptsFor(failure)) throw failure;
    const pause = backoff(this.#attempt, this.#options.random());
    this.#refuseBeyondDeadline(pause, failure);
    this.#options.debug(`${failure.message}: attempt ${this.#attempt + 1} in ${Math.round(pause)} ms`);
    this.#attempt += 1;
    await this.#options.clock.sleep(pause, this.signal);
  }

  /**
   * The pause that a transient answer asks for; undefined when patience is at its end. A host that says when to come back
   * is believed as long as the deadline allows.
   */
  pauseAfter(response: Pick<HttpResponse, 'status' | 'headers'>): (() => Promise<void>) | undefined {
    const { clock, deadline, throttle, url } = this.#options;
    const asked = retryAfter(response, clock.now());
    // "Come back at once" is not taken literally: a server that keeps saying so would be hammered.
    const pause = Math.max(asked ?? backoff(this.#attempt, this.#options.random()), shortestPause);
    const isSpent = this.#attempt >= (asked === undefined ? 8 : 100);
    if (isSpent || clock.now() + pause > deadline.at) return undefined;
    this.#options.debug(
      `${url.host} answered ${response.status}: attempt ${this.#attempt + 1} in ${Math.round(pause)} ms`,
    );
    this.#attempt += 1;
    if (asked === undefined && response.status !== 429) return () => clock.sleep(pause, this.signal);
    throttle.pause(url.host, pause);
    return () => throttle.ready(url.host, this.signal);
  }

  #refuseBeyondDeadline(pause: number, cause: DeliveryError): void {
    if (this.#options.clock.now() + pause <= this.#options.deadline.at) return;
    throw new DeliveryError('DeadlineExceeded', `${cause.message}; no time is left to try again`, {
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      cause,
    });
  }
}
