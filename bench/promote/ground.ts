import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildGo } from '../../sandbox/build/go.ts';
import { createAuthority } from '../../sandbox/pki.ts';
import { startPlainRegistry, type PlainRegistry } from '../../test/support/registries/plain-registry.ts';

export interface Tls {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** A directory in memory where the machine has one: disks are not what is measured. */
export async function benchDirectory(): Promise<string> {
  return mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'aks-delivery-bench-'));
}

export async function createTls(directory: string): Promise<Tls> {
  const authority = await createAuthority('bench');
  const { certificatePem, keyPem } = await authority.issue({
    commonName: 'registry',
    dns: ['localhost'],
    ip: ['127.0.0.1'],
    usage: ['server'],
  });
  const files = {
    authority: join(directory, 'authority.pem'),
    certificate: join(directory, 'registry.pem'),
    key: join(directory, 'registry.key'),
  };
  await writeFile(files.authority, authority.certificatePem);
  await writeFile(files.certificate, certificatePem);
  await writeFile(files.key, keyPem, { mode: 0o600 });
  return files;
}

/** A registry with nothing in it; everything is gone when it stops. */
export async function emptyRegistry(directory: string, name: string, tls?: Tls): Promise<PlainRegistry> {
  const own = join(directory, name);
  const registry = await startPlainRegistry('distribution', {
    directory: own,
    ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key } }),
  });
  return {
    ...registry,
    stop: async () => {
      await registry.stop();
      await rm(own, { recursive: true, force: true });
    },
  };
}

export interface Shaper {
  readonly host: string;
  stop(): Promise<void>;
}

/** A link of 1 Gbit/s each way to the host, with 20 ms for a request and its answer. */
export async function startShaper(to: string): Promise<Shaper> {
  const program = await buildGo({ module: join(import.meta.dirname, '..', 'shaper') });
  const child = spawn(program, ['--to', to, '--rate', '1e9', '--delay', '20ms'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [host] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    host,
    stop: async () => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}
