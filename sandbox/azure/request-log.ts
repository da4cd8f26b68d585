import type { Exchange } from './exchange.ts';

/** One request as it was answered. Neither headers nor bodies are kept, and of the query only what is not a secret. */
export interface RequestEntry {
  /** Milliseconds since the epoch, when the request arrived. */
  readonly at: number;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** 0 when the connection ended before there was an answer. */
  readonly status: number;
  /** The service principal's name, where the service knew it. */
  readonly identity: string | undefined;
  /** Body bytes from and to the client. */
  readonly received: number;
  readonly sent: number;
  readonly milliseconds: number;
}

export interface RequestFilter {
  readonly host?: string | RegExp;
  readonly method?: string;
  readonly path?: string | RegExp;
  readonly status?: number;
  readonly identity?: string;
}

type MutableEntry = { -readonly [Name in keyof RequestEntry]: RequestEntry[Name] };

/** Every request that the local Azure saw, in the order in which they came. */
export class RequestLog {
  #entries: MutableEntry[] = [];
  /** Those that are not over: their entries are brought up to date when someone looks. */
  readonly #open = new Map<Exchange, MutableEntry>();

  get entries(): readonly RequestEntry[] {
    for (const [exchange, entry] of this.#open) update(entry, exchange);
    return this.#entries;
  }

  matching(filter: RequestFilter): RequestEntry[] {
    return this.entries.filter((entry) => isMatch(entry, filter));
  }

  clear(): void {
    this.#entries = [];
  }

  add(entry: RequestEntry): void {
    this.#entries.push({ ...entry });
  }

  follow(exchange: Exchange): void {
    const { method, host, path } = exchange;
    const nothing = { identity: undefined, status: 0, received: 0, sent: 0, milliseconds: 0 };
    const entry = { at: Date.now(), method, host, path, query: withoutSecrets(exchange.query), ...nothing };
    this.#entries.push(entry);
    this.#open.set(exchange, entry);
    exchange.response.once('close', () => {
      update(entry, exchange);
      this.#open.delete(exchange);
    });
  }
}

function update(entry: MutableEntry, exchange: Exchange): void {
  entry.status = exchange.response.headersSent ? exchange.response.statusCode : 0;
  entry.identity = exchange.identity;
  entry.received = exchange.received;
  entry.sent = exchange.sent;
  entry.milliseconds = Date.now() - entry.at;
}

/** What a filter looks at; a request that has no answer yet has no status. */
export interface Matched {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status?: number;
  readonly identity?: string | undefined;
}

export function isMatch(entry: Matched, filter: RequestFilter): boolean {
  return (
    fits(entry.host, filter.host) &&
    fits(entry.path, filter.path) &&
    (filter.method === undefined || filter.method === entry.method) &&
    (filter.status === undefined || filter.status === entry.status) &&
    (filter.identity === undefined || filter.identity === entry.identity)
  );
}

function fits(value: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? value === wanted : wanted.test(value);
}

// Allow-list: signatures of data links and upload states are credentials.
const shown = new Set([
  'api-version',
  'artifactType',
  'digest',
  'mount',
  'from',
  'n',
  'last',
  'orderby',
  'scope',
  'service',
  'ns',
]);

function withoutSecrets(query: URLSearchParams): string {
  return [...query].map(([name, value]) => `${name}=${shown.has(name) ? value : '...'}`).join('&');
}
