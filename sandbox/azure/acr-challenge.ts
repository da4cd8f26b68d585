import type { Access, AcrRegistry } from './acr-registry.ts';
import type { Exchange } from './exchange.ts';

/** The challenge of a 401. At a direct listener the realm is that listener: nodes can reach nothing else. */
export function challengeOf(registry: AcrRegistry, exchange: Exchange, scope?: string): string {
  const asked = scope === undefined ? '' : `,scope="${scope}"`;
  return `Bearer realm="https://${realmHost(registry, exchange)}/oauth2/token",service="${registry.loginServer}"${asked}`;
}

export function realmHost(registry: AcrRegistry, exchange: Exchange): string {
  return exchange.host === registry.loginServer ? registry.loginServer : exchange.authority;
}

/** `repository:shop/storefront:pull,push`. A repository's name may itself hold colons only in theory; the last counts. */
export function parseScope(scope: string): Access {
  const first = scope.indexOf(':');
  const last = scope.lastIndexOf(':');
  return {
    type: scope.slice(0, first),
    name: scope.slice(first + 1, last),
    actions: scope
      .slice(last + 1)
      .split(',')
      .filter(Boolean),
  };
}
