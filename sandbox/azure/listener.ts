import { createServer as createHttpsServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Authority } from '../pki.ts';
import { Exchange, PlannedCut } from './exchange.ts';
import { errorBody, type FaultPlan } from './faults.ts';
import type { RequestLog } from './request-log.ts';
import type { Service } from './router.ts';

export interface ListenerOptions {
  readonly authority: Authority;
  /** The address to listen at; it is in the certificate. */
  readonly address: string;
  /** Names the certificate is for, beside the address. */
  readonly names: readonly string[];
  readonly serve: Service;
  readonly faults: FaultPlan;
  readonly requests: RequestLog;
}

/** A TLS listener of the facade. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

export async function listen(options: ListenerOptions): Promise<Listener> {
  const { certificatePem, keyPem } = await options.authority.issue({
    commonName: options.names[0] ?? options.address,
    dns: [...options.names, 'localhost'],
    ip: [...new Set([options.address, '127.0.0.1'])],
    usage: ['server'],
  });
  const server = createHttpsServer(
    { cert: certificatePem, key: keyPem, keepAliveTimeout: 60_000 },
    (request, response) => {
      void answer(new Exchange(request, response), options);
    },
  );
  const sockets = tracked(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, options.address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(exchange: Exchange, { serve, faults, requests }: ListenerOptions): Promise<void> {
  requests.follow(exchange);
  try {
    if (await faults.apply(exchange)) return;
    await serve(exchange);
  } catch (error) {
    // A client that went away took its answer along; anything else is a mistake of the facade and must be seen.
    if (error instanceof PlannedCut || exchange.request.destroyed || exchange.response.headersSent) {
      exchange.request.socket.destroy();
      return;
    }
    process.stderr.write(
      `local Azure: ${exchange.method} ${exchange.host}${exchange.path}: ${String(error instanceof Error ? error.stack : error)}\n`,
    );
    await exchange.json(500, errorBody(exchange.host, 500));
  }
}

/** The connections that are open: a stop does not wait for clients that keep theirs alive. */
function tracked(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // A client that gives up in the handshake is no event of ours.
  server.on('tlsClientError', () => undefined);
  return sockets;
}
