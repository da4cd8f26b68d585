import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
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

/** Tells this registry from whatever else may answer at its port. */
const instanceHeader = 'x-registry-instance';

export async function startDistribution(options: DistributionOptions): Promise<Distribution> {
  const storageDirectory = join(options.directory, 'data');
  await mkdir(storageDirectory, { recursive: true });
  const keySetFile = join(options.directory, 'keys.json');
  await writeFile(keySetFile, JSON.stringify(options.keySet));
  for (let attempt = 1; ; attempt += 1) {
    // A free port may be taken between asking for it and using it: the registry then says so, and ends.
    const port = await freePort();
    const instance = randomUUID();
    const configFile = join(options.directory, 'config.yaml');
    const document = configuration(options, {
      port,
      instance,
      rootdirectory: storageDirectory,
      jwks: keySetFile,
    });
    // JSON is YAML.
    await writeFile(configFile, JSON.stringify(document, null, 2));
    const launched = await launch(options, configFile, port, instance);
    if ('child' in launched) return { port, storageDirectory, stop: () => stop(launched.child) };
    if (attempt === 5 || !launched.error.message.includes('address already in use')) throw launched.error;
  }
}

async function launch(
  { binary, directory }: DistributionOptions,
  configFile: string,
  port: number,
  instance: string,
): Promise<{ child: ChildProcess } | { error: SandboxError }> {
  const logFile = join(directory, 'registry.log');
  const child = spawn(binary, ['serve', configFile], {
    // It ends when its standard input does: also when this process is killed and can end nothing any more.
    stdio: ['pipe', 'pipe', 'pipe'],
    // It must neither trace to a collector that the machine names nor take its proxy.
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none', EXIT_WITH_PARENT: '1' },
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const deadline = Date.now() + 20_000;
  while ((await instanceAt(port)) !== instance) {
    if (failure !== undefined || child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      const written = await readFile(logFile, 'utf8').catch(() => '');
      const message = `the registry did not start: ${failure?.message ?? written.slice(-2000)}`;
      return { error: new SandboxError('ComponentFailed', message, { cause: failure }) };
    }
    await setTimeout(20);
  }
  return { child };
}

function configuration(
  { realm, service, issuer }: DistributionOptions,
  place: { port: number; instance: string; rootdirectory: string; jwks: string },
): unknown {
  const { port, instance, rootdirectory, jwks } = place;
  return {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      relativeurls: true,
      secret: randomBytes(16).toString('hex'),
      headers: { [instanceHeader]: [instance] },
    },
    // Layers that are fetched elsewhere (Windows base layers) are named, not kept; by default it refuses them.
    validation: { manifests: { urls: { allow: ['^https?://'] } } },
    auth: { token: { realm, service, issuer, jwks, signingalgorithms: ['RS256'] } },
  };
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

/** Which registry answers at the port, if one does. */
async function instanceAt(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/v2/', agent: false }, (answer) => {
      answer.resume();
      resolve(String(answer.headers[instanceHeader]));
    }).once('error', () => {
      resolve(undefined);
    });
  });
}
