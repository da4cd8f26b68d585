import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Azure } from '../../sandbox/azure/azure.ts';

/** What NODE_EXTRA_CA_CERTS does for a whole process, for one agent: it trusts the world's authority as well. */
class TrustingAgent extends HttpsProxyAgent<string> {
  readonly #ca: string;

  constructor(proxyUrl: string, ca: string) {
    super(proxyUrl, { keepAlive: true });
    this.#ca = ca;
  }

  override connect(...[outgoing, options]: Parameters<HttpsProxyAgent<string>['connect']>): Promise<Socket> {
    return super.connect(outgoing, Object.assign(options, { ca: this.#ca }));
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Sent as application/x-www-form-urlencoded, with POST. */
  readonly form?: Readonly<Record<string, string>>;
}

/** A way into the local world for a test: through its proxy, trusting its authority, under the real host names. */
export class AzureClient {
  readonly agent: HttpsProxyAgent<string>;

  constructor(azure: Pick<Azure, 'proxyUrl' | 'authority'>) {
    this.agent = new TrustingAgent(azure.proxyUrl, azure.authority.certificatePem);
  }

  /** One request; redirects are not followed. Rejects when the connection or the body breaks. */
  ask(url: string, { method, headers, body, form }: Asked = {}): Promise<Answer> {
    const content = form === undefined ? body : new URLSearchParams(form).toString();
    const type = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const options = {
      method: method ?? (form === undefined ? 'GET' : 'POST'),
      agent: this.agent,
      headers: {
        ...type,
        'content-length': content === undefined ? 0 : Buffer.byteLength(content),
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(url, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
        });
      });
      outgoing.once('error', reject);
      outgoing.end(content);
    });
  }

  /** Client options for the official SDKs: the same way in. */
  get sdk(): { additionalPolicies: { policy: PipelinePolicy; position: 'perRetry' }[] } {
    const policy: PipelinePolicy = {
      name: 'throughTheProxyOfTheLocalWorld',
      sendRequest: (outgoing, next) => {
        outgoing.agent = this.agent;
        return next(outgoing);
      },
    };
    return { additionalPolicies: [{ policy, position: 'perRetry' }] };
  }

  close(): void {
    this.agent.destroy();
  }
}

/** The JSON body, as the test that asked knows it to be. */
export function jsonOf(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body.toString()) as Record<string, unknown>;
}
