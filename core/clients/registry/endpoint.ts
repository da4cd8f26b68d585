import { DeliveryError } from '../../model/errors.ts';
import type { HttpClient, Patience } from '../http/client.ts';
import { ConnectionError } from '../http/failures.ts';
import {
  discard,
  headerOf,
  readBytes,
  smallAnswer,
  type CompleteResponse,
  type HttpResponse,
  type Method,
} from '../http/message.ts';
import type { OpenRequest } from '../http/transport.ts';
import { Authorizer, type AuthorizerOptions } from './authorizer.ts';
import type { RegistryIdentity } from './credential.ts';
import { registryError } from './registry-error.ts';
import { isLoopback } from './trust.ts';

export interface RegistryRequest {
  readonly method: Method;
  /** Below the registry's root, or what it gave as a `Location`. */
  readonly target: string | URL;
  readonly scopes: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Of the answer's body, in bytes. */
  readonly limit?: number;
}

export type EndpointOptions = AuthorizerOptions & {
  /** Host and optional port, as references write it. */
  readonly host: string;
};

const redirects = new Set([301, 302, 303, 307, 308]);

/** One registry's door: scheme, authorization, redirects and refusals, so that its callers see answers only. */
export class RegistryEndpoint {
  readonly host: string;
  readonly #http: HttpClient;
  readonly #authorizer: Authorizer;
  readonly #identity: RegistryIdentity | undefined;
  #origin: URL;
  #discovery: Promise<void> | undefined;

  constructor(options: EndpointOptions) {
    this.host = options.host;
    this.#http = options.http;
    this.#authorizer = new Authorizer(options);
    this.#identity = options.credential.kind === 'entra' ? options.credential.identity : undefined;
    this.#origin = new URL(`https://${options.host === 'docker.io' ? 'registry-1.docker.io' : options.host}`);
  }

  /** Scheme and host as they are spoken to. */
  get origin(): URL {
    return this.#origin;
  }

  /** Sends and reads the answer, whatever its status. */
  async fetch(request: RegistryRequest): Promise<CompleteResponse> {
    const patience = this.patience(request.signal);
    for (;;) {
      const response = await this.send(request);
      try {
        const bytes = await readBytes(response, request.limit ?? smallAnswer);
        return { status: response.status, headers: response.headers, bytes };
      } catch (error) {
        if (error instanceof DeliveryError) throw error;
        await patience.afterFailure(new ConnectionError(this.#origin, error));
      }
    }
  }

  /** Sends and gives the answer with its body unread, redirects followed. */
  async send(request: RegistryRequest): Promise<HttpResponse> {
    if (!this.#authorizer.isUnknown) return this.#authorized(request);
    // The first request finds out what the registry wants; those that come meanwhile wait for it.
    if (this.#discovery === undefined) {
      const first = this.#authorized(request);
      this.#discovery = first.then(settle, settle);
      return first;
    }
    await this.#discovery;
    return this.#authorized(request);
  }

  /** Opens a request whose body the caller writes, with whatever authorization holds now. */
  async open(request: Omit<RegistryRequest, 'body'>): Promise<OpenRequest> {
    const url = this.#resolve(request.target);
    const headers = { ...request.headers, ...(await this.#authorization(url, request.scopes)).headers };
    return this.#http.open({
      method: request.method,
      url,
      headers,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  }

  /** A 401 to an opened request: true when the next one will carry something better. */
  relearn(challenge: string | undefined, scopes: readonly string[]): boolean {
    return this.#authorizer.learn(this.#origin, challenge, 'opened', scopes);
  }

  patience(signal?: AbortSignal): Patience {
    return this.#http.patience(this.#origin, signal);
  }

  /** What the registry answers when it refuses. */
  refusal(action: string, response: CompleteResponse): DeliveryError {
    return registryError(this.host, action, response, this.#identity);
  }

  async #authorized(request: RegistryRequest): Promise<HttpResponse> {
    for (let renewed = false; ; renewed = true) {
      const url = this.#resolve(request.target);
      const { sent, headers } = await this.#authorization(url, request.scopes);
      const response = await this.#reach(request, url, { ...request.headers, ...headers });
      if (response.status !== 401) {
        if (sent === undefined) this.#authorizer.wantsNothing();
        return this.#follow(request, url, response);
      }
      const challenge = headerOf(response, 'www-authenticate');
      const isWorthwhile = this.#authorizer.learn(this.#origin, challenge, sent, request.scopes);
      if (renewed || !isWorthwhile) return response;
      discard(response);
    }
  }

  async #reach(
    request: RegistryRequest,
    url: URL,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpResponse> {
    const { method, body, signal } = request;
    const rest = { method, headers, ...(body && { body }), ...(signal && { signal }) };
    try {
      return await this.#http.send({ ...rest, url });
    } catch (error) {
      // A registry on this machine may speak plain HTTP, as it does to every other client (Docker's "127.0.0.0/8").
      if (!this.#isPlainInstead(error)) throw error;
      this.#origin = new URL(`http://${this.#origin.host}`);
      return this.#http.send({ ...rest, url: this.#resolve(request.target) });
    }
  }

  #isPlainInstead(error: unknown): boolean {
    return (
      error instanceof ConnectionError &&
      this.#origin.protocol === 'https:' &&
      isLoopback(this.#origin.host) &&
      (error.reason === 'EPROTO' ||
        error.reason === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
        error.reason === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    );
  }

  /** Data hosts get no credentials: what the URL itself grants is all that they need. */
  async #follow(request: RegistryRequest, from: URL, first: HttpResponse): Promise<HttpResponse> {
    let response = first;
    let url = from;
    for (let hop = 0; redirects.has(response.status) && isReading(request.method); hop += 1) {
      const location = headerOf(response, 'location');
      discard(response);
      const next = locationOf(location, url);
      if (next === undefined || hop >= 5) {
        throw new DeliveryError('RemoteError', `${url.host} redirects without end or aim`);
      }
      if (next.protocol !== 'https:' && next.protocol !== url.protocol) {
        throw new DeliveryError(
          'HostNotTrusted',
          `${url.host} redirects to ${next.origin}, which is not HTTPS`,
        );
      }
      const authorization =
        next.origin === this.#origin.origin ? (await this.#authorization(next, request.scopes)).headers : {};
      const { method, signal } = request;
      response = await this.#http.send({
        method,
        url: next,
        headers: { ...request.headers, ...authorization },
        ...(signal && { signal }),
      });
      url = next;
    }
    return response;
  }

  async #authorization(
    url: URL,
    scopes: readonly string[],
  ): Promise<{ readonly sent: string | undefined; readonly headers: Readonly<Record<string, string>> }> {
    // An upload's location may lie elsewhere: it carries its own proof, and never gets ours.
    const isOwn = url.origin === this.#origin.origin;
    const sent = isOwn ? await this.#authorizer.header(this.#origin, scopes) : undefined;
    return { sent, headers: sent === undefined ? {} : { authorization: sent } };
  }

  #resolve(target: string | URL): URL {
    const url = new URL(target, this.#origin);
    if (url.protocol === 'https:' || url.protocol === this.#origin.protocol) return url;
    // Registries behind a TLS-terminating proxy write their own address as they see it.
    if (url.hostname === this.#origin.hostname) return new URL(url.pathname + url.search, this.#origin);
    throw new DeliveryError('HostNotTrusted', `${this.host} leads to ${url.origin}, which is not HTTPS`);
  }
}

function locationOf(location: string | undefined, base: URL): URL | undefined {
  return location !== undefined && URL.canParse(location, base.toString())
    ? new URL(location, base)
    : undefined;
}

function isReading(method: Method): boolean {
  return method === 'GET' || method === 'HEAD';
}

function settle(): void {
  // Whatever the first request's outcome is, it is its caller's; the others only wait for its end.
}
