import type { ApiRequest, ApiResponse } from './connection.ts';

/** An HTTP request that the API server hands on to a Service or a Pod ("Access services running on clusters"). */
export interface ProxyRequest {
  readonly namespace: string;
  readonly target:
    | { readonly service: string; readonly port: number | string }
    | { readonly pod: string; readonly port: number | string };
  readonly scheme?: 'http' | 'https';
  /** Path and query, beginning with a slash. */
  readonly path: string;
  readonly method?: ApiRequest['method'];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export type ProxyResponse = ApiResponse;

export function proxyPath(request: ProxyRequest): string {
  const { target } = request;
  const [plural, name] = 'service' in target ? ['services', target.service] : ['pods', target.pod];
  const scheme = request.scheme === 'https' ? 'https:' : '';
  const called = `${scheme}${name}:${target.port}`;
  return `/api/v1/namespaces/${encodeURIComponent(request.namespace)}/${plural}/${called}/proxy${request.path}`;
}
