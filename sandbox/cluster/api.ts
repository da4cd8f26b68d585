import { Agent, type RequestOptions, request } from 'node:https';

/** How to reach an API server and as whom. */
export interface Access {
  /** https://host:port */
  readonly server: string;
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface Answer {
  readonly status: number;
  /** Parsed if it was JSON, otherwise text. */
  readonly body: unknown;
}

/** The little of the Kubernetes API that the local world itself asks for; the tasks have a client of their own. */
export class Api {
  readonly #server: string;
  readonly #options: RequestOptions;

  constructor(server: string, options: RequestOptions) {
    this.#server = server.replace(/\/$/, '');
    this.#options = options;
  }

  static of(access: Access): Api {
    return new Api(access.server, {
      agent: new Agent({
        keepAlive: true,
        ca: access.caPem,
        cert: access.certificatePem,
        key: access.keyPem,
      }),
    });
  }

  /** Rejects if there is no answer; a refusal is an answer. */
  ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const outgoing = request(
        `${this.#server}${path}`,
        {
          ...this.#options,
          method,
          headers: {
            ...(this.#options.headers as Record<string, string> | undefined),
            accept: 'application/json',
            ...(payload !== undefined && { 'content-type': contentType(method) }),
          },
          timeout: 15_000,
          ...(signal && { signal }),
        },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => (text += chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            resolve({ status: incoming.statusCode ?? 0, body: parse(text) });
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${this.#server} in 15 s`)));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }

  /** Writes an object at its own path, creating or changing it. */
  async apply(path: string, object: unknown): Promise<void> {
    const answer = await this.ask('PATCH', `${path}?fieldManager=sandbox&force=true`, object);
    if (answer.status >= 300) throw new Error(`${path}: ${describe(answer)}`);
  }

  /** Events of a watch, one object each, until the signal is aborted or the server ends it. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const lines = await this.#open(`${path}${path.includes('?') ? '&' : '?'}watch=true`, signal);
    let rest = '';
    for await (const chunk of lines) {
      const parts = (rest + (chunk as string)).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part !== '') yield JSON.parse(part) as WatchEvent;
    }
  }

  #open(path: string, signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    return new Promise((resolve, reject) => {
      request(`${this.#server}${path}`, { ...this.#options, signal }, (incoming) => {
        if (incoming.statusCode === 200) resolve(incoming.setEncoding('utf8'));
        else reject(new Error(`watch ${path}: HTTP ${incoming.statusCode ?? 0}`));
      })
        .on('error', reject)
        .end();
    });
  }
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** The message of a Kubernetes Status, or what there is instead. */
export function describe(answer: Answer): string {
  const message = (answer.body as { message?: unknown } | undefined)?.message;
  return `HTTP ${answer.status} ${typeof message === 'string' ? message : JSON.stringify(answer.body)}`;
}

function contentType(method: string): string {
  return method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
