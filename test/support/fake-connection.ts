import type { ApiRequest, ApiResponse, Connection } from '../../core/clients/kubernetes/connection.ts';

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** For streams: the lines that the server sends before it ends the answer. */
  readonly lines?: readonly unknown[];
}

/** A Kubernetes API server that answers by a function and remembers what it was asked. */
export class FakeConnection implements Connection {
  readonly asked: ApiRequest[] = [];
  readonly #answer: (request: ApiRequest, count: number) => FakeAnswer | Error;

  constructor(answer: (request: ApiRequest, count: number) => FakeAnswer | Error) {
    this.#answer = answer;
  }

  request(request: ApiRequest): Promise<ApiResponse> {
    const answer = this.#next(request);
    if (answer instanceof Error) return Promise.reject(answer);
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
    return Promise.resolve({
      status: answer.status ?? 200,
      headers: answer.headers ?? {},
      body: Buffer.from(body),
    });
  }

  stream(request: ApiRequest): ReturnType<Connection['stream']> {
    const answer = this.#next(request);
    if (answer instanceof Error) return Promise.reject(answer);
    const chunks = (answer.lines ?? []).map((line) => Buffer.from(`${JSON.stringify(line)}\n`));
    async function* body(): AsyncIterable<Uint8Array> {
      for (const chunk of chunks) yield await Promise.resolve(chunk);
    }
    return Promise.resolve({ status: answer.status ?? 200, headers: answer.headers ?? {}, body: body() });
  }

  close(): void {
    this.asked.length = 0;
  }

  #next(request: ApiRequest): FakeAnswer | Error {
    this.asked.push(request);
    return this.#answer(request, this.asked.length);
  }
}

/** What `/api/v1` and `/apis/apps/v1` say of the kinds that tests use. */
export const kinds: Readonly<Record<string, unknown>> = {
  '/api/v1': {
    resources: [
      { name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: ['get', 'patch'] },
      { name: 'namespaces', kind: 'Namespace', namespaced: false, verbs: ['get'] },
      { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['get'] },
      { name: 'pods/log', kind: 'Pod', namespaced: true, verbs: ['get'] },
    ],
  },
  '/apis/apps/v1': {
    resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true, verbs: ['get'] }],
  },
};
