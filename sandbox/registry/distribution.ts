import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { JWK } from 'jose';
import { SandboxError } from '../errors.ts';

export interface DistributionOptions {
  /** The binary; it is run as `BINARY serve CONFIG`. */
  readonly binary: string;
  /** Holds the configuration, the log, the keys and, in `data/`, everything that was pushed. */
  readonly directory: string;
  /** Token authentication: what a 401 names, and whose tokens are taken. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  readonly keySet: { readonly keys: readonly JWK[] };
}

/** A CNCF Distribution registry in a process of its own, on a loopback port, over plain HTTP. */
export interface Distribution {
  readonly port: number;
  /** The root of the filesystem storage driver. */
  readonly storageDirectory: string;
  stop(): Promise<void>;
}

export async function startDistribution(options: DistributionOptions): Promise<Distribution> {
  const storageDirectory = join(options.directory, 'data');
  await mkdir(storageDirectory, { recursive: true });
  const keySetFile = join(options.directory, 'keys.json');
  await writeFile(keySetFile, JSON.stringify(options.keySet));
  const port = await freePort();
  const configFile = join(options.directory, 'config.yaml');
  // JSON is YAML.
  await writeFile(
    configFile,
    JSON.stringify(configuration(options, port, storageDirectory, keySetFile), null, 2),
  );
  const logFile = join(options.directory, 'registry.log');
  const child = spawn(options.binary, ['serve', configFile], {
    // It ends when its standard input does: also when this process is killed and can end nothing any more.
    stdio: ['pipe', 'pipe', 'pipe'],
    // It must neither trace to a collector that the machine names nor take its proxy.
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none', EXIT_WITH_PARENT: '1' },
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  await ready(child, port, logFile);
  return { port, storageDirectory, stop: () => stop(child) };
}

function configuration(
  { realm, service, issuer }: DistributionOptions,
  port: number,
  rootdirectory: string,
  jwks: string,
): unknown {
  return {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: `127.0.0.1:${port}`, relativeurls: true, secret: randomBytes(16).toString('hex') },
    // Layers that are fetched elsewhere (Windows base layers) are named, not kept; by default it refuses them.
    validation: { manifests: { urls: { allow: ['^https?://'] } } },
    auth: { token: { realm, service, issuer, jwks, signingalgorithms: ['RS256'] } },
  };
}

async function ready(child: ChildProcess, port: number, logFile: string): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const deadline = Date.now() + 20_000;
  while (!(await isListening(port))) {
    if (failure !== undefined || child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      const log = await readFile(logFile, 'utf8').catch(() => '');
      throw new SandboxError(
        'ComponentFailed',
        `the registry did not start: ${failure?.message ?? log.slice(-2000)}`,
        { cause: failure },
      );
    }
    await setTimeout(20);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = new AbortController();
  void setTimeout(3000, undefined, { signal: late.signal }).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  await ended;
  late.abort();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return address.port;
}

async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
