import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSecureContext, type ConnectionOptions as TlsOptions } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { DeliveryError, messageOf } from '../../model/errors.ts';
import type { ProxyAddress } from '../http/agents.ts';
import type { ClusterAccess } from './access.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** Path and query, beginning with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without any byte after which the request is given up; zero waits for ever. */
  readonly silence?: number;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
}

export interface ApiStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: AsyncIterable<Uint8Array>;
}

/** Requests to one API server. Every status is an answer; only silence and refusal of the connection throw. */
export interface Connection {
  request(request: ApiRequest): Promise<ApiResponse>;
  /** The body is handed on as it arrives: watches and followed logs. */
  stream(request: ApiRequest): Promise<ApiStream>;
  close(): void;
}

export interface ConnectionOptions {
  readonly proxy?: ProxyAddress | undefined;
  readonly userAgent?: string;
  /** Connections that are kept open for requests; streams have their own. */
  readonly connections?: number;
}

/** The API server cuts a request off after 60 seconds itself (`--request-timeout`). */
const requestSilence = 75_000;

/**
 * Requests on node:https with a bounded set of kept connections. HTTP/1.1 and not HTTP/2: it passes every proxy, port
 * forwarding and WebSockets need it anyway, and Node's HTTP/1.1 client spends less time per request. TLS sessions are
 * resumed, so that the second connection costs half of the first.
 */
export function openConnection(access: ClusterAccess, options: ConnectionOptions = {}): Connection {
  const agents = {
    request: agentFor(access.server, options.proxy, options.connections ?? 16),
    stream: agentFor(access.server, options.proxy, Infinity),
  };

  async function open(agent: ApiAgent, asked: ApiRequest): Promise<IncomingMessage> {
    const requestOptions = await requestOptionsFor(access, options, agent, asked);
    return new Promise((resolve, reject) => {
      const request = httpsRequest(requestOptions, resolve);
      const silence = asked.silence ?? requestSilence;
      if (silence > 0) {
        request.setTimeout(silence, () => {
          request.destroy(new Error(`no answer within ${silence / 1000} s`));
        });
      }
      request.on('error', (error) => {
        reject(asked.signal?.aborted === true ? abortReason(asked.signal) : unreachable(access, error));
      });
      request.end(asked.body);
    });
  }

  return {
    async request(asked) {
      const response = await open(agents.request, asked);
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of response) chunks.push(chunk as Buffer);
      } catch (error) {
        throw asked.signal?.aborted === true ? abortReason(asked.signal) : unreachable(access, error);
      }
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks),
      };
    },
    async stream(asked) {
      const response = await open(agents.stream, asked);
      return { status: response.statusCode ?? 0, headers: response.headers, body: response };
    },
    close() {
      agents.request.destroy();
      agents.stream.destroy();
    },
  };
}

type ApiAgent = Agent | HttpsProxyAgent<string>;

/** What every request carries: where to, as whom, and whom it trusts. */
async function requestOptionsFor(
  access: ClusterAccess,
  options: ConnectionOptions,
  agent: ApiAgent,
  asked: ApiRequest,
): Promise<RequestOptions> {
  const base = new URL(access.server);
  const headers: Record<string, string> = {
    'user-agent': options.userAgent ?? 'aks-delivery',
    accept: 'application/json',
    ...asked.headers,
    ...(await authorization(access, asked.signal)),
  };
  if (asked.body !== undefined) headers['content-length'] = String(Buffer.byteLength(asked.body));
  return {
    ...tlsOptions(access, base.hostname),
    agent,
    host: base.hostname.replace(/^\[|\]$/g, ''),
    port: base.port === '' ? 443 : Number(base.port),
    method: asked.method,
    path: `${base.pathname.replace(/\/+$/, '')}${asked.path}`,
    headers,
    ...(asked.signal === undefined ? {} : { signal: asked.signal }),
  };
}

/** A connection that has left HTTP behind, or the answer by which the server refused to. */
export type Upgraded =
  { readonly socket: Duplex; readonly head: Buffer } | { readonly status: number; readonly body: Uint8Array };

/** Asks the API server to switch protocols (RFC 9110, section 7.8): port forwarding over WebSockets. */
export async function openUpgrade(
  access: ClusterAccess,
  options: ConnectionOptions,
  asked: ApiRequest,
): Promise<Upgraded> {
  // A connection that is switched cannot be kept for anything else.
  const agent = agentFor(access.server, options.proxy, Infinity);
  const requestOptions = await requestOptionsFor(access, options, agent, asked);
  return new Promise((resolve, reject) => {
    const request = httpsRequest(requestOptions);
    request.on('upgrade', (_response, socket, head) => {
      resolve({ socket, head });
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    request.on('error', (error) => {
      reject(asked.signal?.aborted === true ? abortReason(asked.signal) : unreachable(access, error));
    });
    request.end();
  });
}

const tlsOfAccess = new WeakMap<ClusterAccess, TlsOptions>();

/** Made once: reading authority and key for every connection would cost more than its handshake. */
function tlsOptions(access: ClusterAccess, hostname: string): TlsOptions {
  const known = tlsOfAccess.get(access);
  if (known !== undefined) return known;
  const name = access.tlsServerName ?? hostname;
  const options: TlsOptions = {
    secureContext: createSecureContext({
      ...(access.certificateAuthority === undefined ? {} : { ca: access.certificateAuthority }),
      ...(access.credential.kind === 'clientCertificate'
        ? { cert: access.credential.certificate, key: access.credential.key }
        : {}),
    }),
    ...(access.acceptUntrustedCertificates ? { rejectUnauthorized: false } : {}),
    // A server name must be a name (RFC 6066); for an address Node checks the certificate's IP entries by `host`.
    ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
  };
  tlsOfAccess.set(access, options);
  return options;
}

function agentFor(server: string, proxy: ProxyAddress | undefined, maxSockets: number): ApiAgent {
  const settings = { keepAlive: true, maxSockets, scheduling: 'lifo' as const };
  if (proxy === undefined || proxy.bypasses(server)) return new Agent({ ...settings, noDelay: true });
  // The certificate options travel with each request, so that they are for the API server and never for the proxy.
  return new HttpsProxyAgent(proxy.urlWithCredentials, settings);
}

async function authorization(
  access: ClusterAccess,
  signal: AbortSignal | undefined,
): Promise<Record<string, string>> {
  switch (access.credential.kind) {
    case 'token':
      return { authorization: `Bearer ${await access.credential.token(signal)}` };
    case 'basic': {
      const { username, password } = access.credential;
      return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
    }
    case 'clientCertificate':
      return {};
    case 'entra':
      throw new DeliveryError('CredentialUnsupported', `${access.name} wants a token of Microsoft Entra ID`, {
        hint: 'Give an Azure Resource Manager service connection in "azureSubscription": the token is taken with it.',
      });
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}

function unreachable(access: ClusterAccess, cause: unknown): DeliveryError {
  const code = (cause as { code?: unknown } | undefined)?.code;
  const said = messageOf(cause);
  const isCertificate =
    typeof code === 'string' && /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT)/.test(code);
  if (isCertificate) {
    return new DeliveryError(
      'HostNotTrusted',
      `the certificate of ${access.name} (${access.server}) is not trusted: ${said}`,
      {
        hint: "Give the cluster's certificate authority in the service connection or kubeconfig.",
        cause,
      },
    );
  }
  return new DeliveryError('Unreachable', `${access.name} (${access.server}) cannot be reached: ${said}`, {
    hint: "Check the address, and that the agent's network (proxy, private endpoint, authorized IP ranges) leads to it.",
    cause,
  });
}
