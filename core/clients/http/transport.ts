import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { AgentPool } from './agents.ts';
import { ConnectionError } from './failures.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

export interface TransportOptions {
  readonly agents: AgentPool;
  readonly userAgent: string;
  /** How long a connection may be silent, in milliseconds, before it counts as broken. */
  readonly silence: number;
}

/** A request whose body is written by the caller while the answer is awaited. */
export interface OpenRequest {
  readonly sink: ClientRequest;
  /** May arrive before the body is complete: the server has then made up its mind. */
  readonly response: Promise<HttpResponse>;
}

/** Sends one request and gives the answer, whatever it is. No retries, no redirects, no credentials of its own. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** @throws ConnectionError when no answer came; the signal's reason when it was aborted */
  async exchange(request: HttpRequest): Promise<HttpResponse> {
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    const headers = { ...request.headers };
    if (
      body !== undefined ||
      request.method === 'POST' ||
      request.method === 'PUT' ||
      request.method === 'PATCH'
    ) {
      headers['content-length'] = String(body?.length ?? 0);
    }
    const { sink, response } = this.open({ ...request, headers });
    sink.end(body);
    return response;
  }

  /** The caller writes `content-length` bytes to the sink and ends it. */
  open(request: Omit<HttpRequest, 'body'>): OpenRequest {
    const { url, signal } = request;
    const options: RequestOptions = {
      method: request.method,
      agent: this.#options.agents.agentFor(url),
      headers: { 'user-agent': this.#options.userAgent, ...request.headers },
      timeout: this.#options.silence,
    };
    if (signal !== undefined) options.signal = signal;
    const sink = (url.protocol === 'http:' ? http : https).request(url, options);
    sink.once('timeout', () => sink.destroy(silent(this.#options.silence)));
    const response = new Promise<HttpResponse>((resolve, reject) => {
      sink.once('response', (message: IncomingMessage) => {
        resolve({ status: message.statusCode ?? 0, headers: message.headers, body: message });
      });
      // Stays on for good: an error after the answer belongs to the body, which reports it itself.
      sink.on('error', (error) => {
        reject(signal?.aborted === true ? abortReason(signal) : new ConnectionError(url, error));
      });
    });
    return { sink, response };
  }
}

function silent(milliseconds: number): Error {
  return Object.assign(new Error(`no byte for ${milliseconds / 1000} seconds`), { code: 'ETIMEDOUT' });
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
