import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { components } from '../../sandbox/build/components.ts';
import { createAuthority } from '../../sandbox/pki.ts';

export interface LocalRegistry {
  /** host:port */
  readonly address: string;
  readonly caPem: string;
  stop(): Promise<void>;
}

/** A registry with TLS and without authentication, its content in memory, at a free port of the address. */
export async function startLocalRegistry(directory: string, hostAddress: string): Promise<LocalRegistry> {
  const { registry } = await components(['registry']);
  const authority = await createAuthority('registry test');
  const certificate = await authority.issue({
    commonName: 'registry',
    ip: [hostAddress],
    usage: ['server'],
  });
  await mkdir(directory, { recursive: true });
  const [certificateFile, keyFile] = [join(directory, 'registry.crt'), join(directory, 'registry.key')];
  await writeFile(certificateFile, certificate.certificatePem);
  await writeFile(keyFile, certificate.keyPem, { mode: 0o600 });
  const child = spawn(
    registry,
    ['oci', '--listen', `${hostAddress}:0`, '--tls-cert', certificateFile, '--tls-key', keyFile],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [address] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    address,
    caPem: authority.certificatePem,
    async stop() {
      const closed = once(child, 'close');
      child.kill();
      await closed;
    },
  };
}
