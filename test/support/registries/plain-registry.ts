import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { components } from '../../../sandbox/build/components.ts';

/**
 * `distribution` is the CNCF registry: no referrers API, uploads that can be resumed. `oci` is go-containerregistry's:
 * with the referrers API, uploads that cannot.
 */
export type RegistryKind = 'distribution' | 'oci';

/** A registry of its own process on this machine: plain HTTP, no authentication. */
export interface PlainRegistry {
  /** 127.0.0.1:port */
  readonly host: string;
  readonly directory: string;
  stop(): Promise<void>;
}

export interface PlainRegistryOptions {
  /** Where the registry keeps its files; a new temporary directory when left out, removed when it stops. */
  readonly directory?: string;
  /** Certificate and key files: it then speaks TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export async function startPlainRegistry(
  kind: RegistryKind,
  options: PlainRegistryOptions = {},
): Promise<PlainRegistry> {
  const { registry: binary } = await components(['registry']);
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'aks-delivery-registry-')));
  await mkdir(directory, { recursive: true });
  const started =
    kind === 'oci'
      ? await startOci(binary, directory, options)
      : await startDistribution(binary, directory, options);
  return {
    host: started.host,
    directory,
    async stop() {
      if (started.child.exitCode === null && started.child.signalCode === null) {
        const closed = once(started.child, 'close');
        started.child.kill('SIGKILL');
        await closed;
      }
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly host: string;
}

async function startOci(binary: string, directory: string, { tls }: PlainRegistryOptions): Promise<Started> {
  const secure = tls === undefined ? [] : ['--tls-cert', tls.certificate, '--tls-key', tls.key];
  const child = spawn(binary, ['oci', '--listen', '127.0.0.1:0', '--blobs', directory, ...secure], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [host] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, host };
}

async function startDistribution(
  binary: string,
  directory: string,
  { tls }: PlainRegistryOptions,
): Promise<Started> {
  const port = await freePort();
  const configuration = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(directory, 'data') },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    // Layers that stay with their publisher are taken for some hosts only.
    validation: { manifests: { urls: { allow: ['^https://example\\.com/'] } } },
    http: {
      addr: `127.0.0.1:${port}`,
      relativeurls: true,
      secret: 'of no consequence here',
      ...(tls === undefined ? {} : { tls }),
    },
  };
  const file = join(directory, 'config.yaml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify(configuration));
  const child = spawn(binary, ['serve', file], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  for (let attempt = 0; !(await isListening(port)); attempt += 1) {
    if (attempt > 400 || child.exitCode !== null) throw new Error('the registry did not start');
    await setTimeout(25);
  }
  return { child, host: `127.0.0.1:${port}` };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function isListening(port: number): Promise<boolean> {
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
