import type { Exchange } from './exchange.ts';

/** What serves one host name. */
export type Service = (exchange: Exchange) => Promise<void>;

export type RouteParameters = Readonly<Record<string, string>>;
export type Handler = (exchange: Exchange, parameters: RouteParameters) => Promise<void>;

/** A pattern and what answers it; made by `route`. */
export interface Route {
  readonly methods: readonly string[];
  readonly expression: RegExp;
  readonly names: readonly string[];
  readonly handler: Handler;
}

/**
 * One route. In the pattern `{name}` is one segment and `{name*}` is one or more; matching ignores case, as Azure
 * Resource Manager and Azure DevOps do. `methods` is a space-separated list.
 */
export function route(methods: string, pattern: string, handler: Handler): Route {
  const names: string[] = [];
  const source = pattern
    .replace(/[.$]/g, '\\$&')
    .replace(/\{(\w+)(\*?)\}/g, (_match, name: string, many: string) => {
      names.push(name);
      return many === '' ? '([^/]+)' : '(.+)';
    });
  return { methods: methods.split(' '), expression: new RegExp(`^${source}/?$`, 'i'), names, handler };
}

/** The first route that fits answers; `otherwise` answers the rest. */
export function router(routes: readonly Route[], otherwise: Service): Service {
  return async (exchange) => {
    for (const { methods, expression, names, handler } of routes) {
      if (!methods.includes(exchange.method)) continue;
      const match = expression.exec(exchange.path);
      if (match === null) continue;
      const values = names.map((name, index) => [name, match[index + 1] ?? ''] as const);
      await handler(exchange, Object.fromEntries(values));
      return;
    }
    await otherwise(exchange);
  };
}

/** A parameter that the route's pattern has: absence is our own mistake. */
export function parameter(parameters: RouteParameters, name: string): string {
  const value = parameters[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}
