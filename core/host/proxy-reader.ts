import type { ProxySettings } from './proxy.ts';
import type { AgentSdk } from './sdk.ts';

/** The agent's proxy: see ProxySettings. */
export function readProxy(sdk: Pick<AgentSdk, 'proxy'>): ProxySettings | undefined {
  const proxy = sdk.proxy();
  if (proxy === undefined) return undefined;
  const withCredentials = new URL(proxy.url);
  // The SDK's own formatted URL leaves '@' and ':' of a password unescaped.
  if (proxy.username !== undefined) withCredentials.username = encodeURIComponent(proxy.username);
  if (proxy.password !== undefined) withCredentials.password = encodeURIComponent(proxy.password);
  return {
    url: proxy.url,
    username: proxy.username,
    password: proxy.password,
    urlWithCredentials: withCredentials.href.replace(/\/$/, ''),
    bypasses: (url) => sdk.proxy(url) === undefined,
  };
}
