import { setTimeout } from 'node:timers/promises';
import type { Exchange, OperationFault } from './exchange.ts';
import { isMatch, type RequestFilter } from './request-log.ts';

export type FaultEffect =
  /** Answers so instead of the service. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfter?: number;
      readonly body?: unknown;
    }
  /** Ends the connection without an answer. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Cuts the answer's body after so many bytes; its Content-Length had promised all of them. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** Cuts the connection after so many bytes of the request's body. */
  | { readonly kind: 'cutUpload'; readonly afterBytes: number }
  /** Flips one bit of the answer's body. */
  | { readonly kind: 'corrupt'; readonly atByte: number }
  /** Makes the long-running operation that the request starts slow, failing or endless. */
  | ({ readonly kind: 'operation' } & OperationFault);

export interface Fault extends Pick<RequestFilter, 'host' | 'method' | 'path'> {
  /** Lets the first so many matching requests through; 0. */
  readonly skip?: number;
  /** Hits every nth of those that follow; 1. */
  readonly every?: number;
  /** Hits so many times at most; no limit. */
  readonly times?: number;
  readonly effect: FaultEffect;
}

/** A fault that is in force. */
export interface PlannedFault {
  /** How many requests it has hit. */
  readonly hits: number;
  remove(): void;
}

/** What is to go wrong, by host, method and path. */
export class FaultPlan {
  readonly #faults = new Set<{ fault: Fault; seen: number; hits: number }>();

  add(fault: Fault): PlannedFault {
    const planned = { fault, seen: 0, hits: 0 };
    this.#faults.add(planned);
    const remove = (): void => void this.#faults.delete(planned);
    return {
      get hits() {
        return planned.hits;
      },
      remove,
    };
  }

  clear(): void {
    this.#faults.clear();
  }

  /** Applies what is planned for this exchange. True when it has been answered and no service may see it. */
  async apply(exchange: Exchange): Promise<boolean> {
    for (const planned of this.#faults) {
      if (!isMatch(exchange, planned.fault)) continue;
      const { skip = 0, every = 1, times = Infinity } = planned.fault;
      planned.seen += 1;
      const due = planned.seen > skip && (planned.seen - skip) % every === 0;
      if (!due || planned.hits >= times) continue;
      planned.hits += 1;
      if (await applyEffect(exchange, planned.fault.effect)) return true;
    }
    return false;
  }
}

async function applyEffect(exchange: Exchange, effect: FaultEffect): Promise<boolean> {
  switch (effect.kind) {
    case 'status':
      await exchange.json(
        effect.status,
        effect.body ?? errorBody(exchange.host, effect.status),
        effect.retryAfter === undefined ? {} : { 'retry-after': String(effect.retryAfter) },
      );
      return true;
    case 'reset':
      exchange.request.socket.destroy();
      return true;
    case 'delay':
      await setTimeout(effect.milliseconds);
      return false;
    case 'truncate':
      exchange.faults.truncate = effect.afterBytes;
      return false;
    case 'cutUpload':
      exchange.faults.cutUpload = effect.afterBytes;
      return false;
    case 'corrupt':
      exchange.faults.corrupt = effect.atByte;
      return false;
    case 'operation':
      exchange.operation = effect;
      return false;
  }
}

/** The shape in which the service behind this host says that something is wrong. */
export function errorBody(host: string, status: number): unknown {
  const throttled = status === 429;
  const message = throttled ? 'Too many requests. Retry later.' : 'The service is unavailable. Retry later.';
  if (host.endsWith('.azurecr.io') || /^[\d.]+$/.test(host)) {
    return { errors: [{ code: throttled ? 'TOOMANYREQUESTS' : 'UNAVAILABLE', message }] };
  }
  if (host === 'dev.azure.com') {
    return {
      $id: '1',
      innerException: null,
      message,
      typeName: 'VssServiceException',
      typeKey: 'VssServiceException',
      errorCode: 0,
      eventId: 3000,
    };
  }
  if (host === 'login.microsoftonline.com')
    return { error: 'temporarily_unavailable', error_description: message };
  return { error: { code: throttled ? 'TooManyRequests' : 'ServiceUnavailable', message } };
}
