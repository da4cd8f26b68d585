import http from 'node:http';
import https from 'node:https';
import { HttpsProxyAgent } from 'https-proxy-agent';

/** The agent's proxy as this client needs it. */
export interface ProxyAddress {
  /** With its credentials, percent-encoded. */
  readonly urlWithCredentials: string;
  bypasses(url: string): boolean;
}

// One TLS record holds at most 16 KiB. A few of them may wait on each side of a transfer: enough to keep the link busy,
// little enough that memory does not follow the number of transfers.
const highWaterMark = 64 * 1024;

/** Keeps connections open between requests, directly or through the proxy, and chooses which a URL takes. */
export class AgentPool {
  readonly #proxy: ProxyAddress | undefined;
  readonly #options = { keepAlive: true, maxSockets: 64, maxFreeSockets: 64, highWaterMark };
  readonly #http = new http.Agent(this.#options);
  readonly #https = new https.Agent(this.#options);
  #tunnel: HttpsProxyAgent<string> | undefined;

  constructor(proxy?: ProxyAddress) {
    this.#proxy = proxy;
  }

  /** Plain HTTP is spoken with registries on this machine only, which no proxy leads to. */
  agentFor(url: URL): http.Agent {
    if (url.protocol === 'http:') return this.#http;
    if (this.#proxy === undefined || this.#proxy.bypasses(url.toString())) return this.#https;
    this.#tunnel ??= new HttpsProxyAgent(this.#proxy.urlWithCredentials, this.#options);
    return this.#tunnel;
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
    this.#tunnel?.destroy();
  }
}
