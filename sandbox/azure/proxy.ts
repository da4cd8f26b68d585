import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RequestLog } from './request-log.ts';

export interface ProxyOptions {
  readonly address: string;
  /** The loopback port that serves this host name; undefined for a name that is not of this world. */
  readonly route: (host: string) => number | undefined;
  /** Clients must then send them (Basic). */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  readonly requests: RequestLog;
}

export interface Proxy {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A forward proxy as companies have them: HTTP CONNECT to port 443. It knows the names of the local world and refuses
 * every other, so that nothing leaves the machine.
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const server = createServer((request, response) => {
    const host = hostOf(request.url ?? '');
    record(options.requests, request.method ?? 'GET', host, 403);
    response.writeHead(403, { 'content-type': 'text/plain' });
    response.end(refusal(host === '' ? 'this address' : `${host} over plain HTTP`));
  });
  const sockets = new Set<Duplex>();
  server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnel(request, socket, head, options, sockets);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, options.address, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server, sockets) };
}

function tunnel(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  { route, credentials, requests }: ProxyOptions,
  sockets: Set<Duplex>,
): void {
  sockets.add(client);
  client.once('close', () => sockets.delete(client));
  client.on('error', () => client.destroy());
  const [host = '', port = ''] = (request.url ?? '').toLowerCase().split(':');
  if (credentials !== undefined && request.headers['proxy-authorization'] !== basic(credentials)) {
    record(requests, 'CONNECT', host, 407);
    refuse(
      client,
      '407 Proxy Authentication Required',
      'The proxy wants a user name and password.\n',
      'Proxy-Authenticate: Basic realm="proxy"\r\n',
    );
    return;
  }
  const target = port === '443' ? route(host) : undefined;
  if (target === undefined) {
    record(requests, 'CONNECT', host, 403);
    refuse(client, '403 Forbidden', refusal(`${host}:${port}`));
    return;
  }
  const server = connect(target, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) server.write(head);
    server.pipe(client);
    client.pipe(server);
  });
  server.setNoDelay(true);
  // Either end that goes takes the other along, so that a reset on one side is one on the other.
  server.on('error', () => client.destroy());
  server.once('close', () => client.destroy());
  client.once('close', () => server.destroy());
}

function refuse(client: Duplex, status: string, body: string, headers = ''): void {
  client.end(
    `HTTP/1.1 ${status}\r\n${headers}Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function refusal(what: string): string {
  return `The proxy of the local world does not know ${what}. It serves the Azure hosts of that world alone; nothing leaves this machine.\n`;
}

function record(requests: RequestLog, method: string, host: string, status: number): void {
  const nothing = { path: '', query: '', identity: undefined, received: 0, sent: 0, milliseconds: 0 };
  requests.add({ at: Date.now(), method, host, status, ...nothing });
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function close(server: Server, sockets: ReadonlySet<Duplex>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  for (const socket of sockets) socket.destroy();
  await closed;
}
