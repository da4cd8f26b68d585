import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificate, createAuthority } from '../pki.ts';

/** The names a cluster's certificates are for. */
export interface PkiNames {
  readonly cluster: string;
  readonly node: string;
  /** Addresses the API server answers at: its own, and the first of the Service range. */
  readonly apiAddresses: readonly string[];
  readonly nodeAddress: string;
}

/** Files of a cluster's certificates, and what is needed of their content. */
export interface Pki {
  readonly caPem: string;
  readonly ca: string;
  readonly caKey: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly apiServer: KeyPair;
  readonly apiServerToKubelet: KeyPair;
  readonly kubeletServing: KeyPair;
  readonly users: Readonly<Record<User, Certificate>>;
}

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Who calls the API server with a client certificate: the administrator and the components (RBAC's built-in users). */
export type User = 'admin' | 'controller-manager' | 'scheduler' | 'kubelet' | 'proxy';

/** Makes a certificate authority of the cluster's own and everything it signs, written below the directory with mode 0600. */
export async function createPki(directory: string, names: PkiNames): Promise<Pki> {
  await mkdir(directory, { recursive: true });
  const write = async (file: string, text: string): Promise<string> => {
    const path = join(directory, file);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const store = async (name: string, certificate: Certificate): Promise<KeyPair> => ({
    certificate: await write(`${name}.crt`, certificate.certificatePem),
    key: await write(`${name}.key`, certificate.keyPem),
  });

  const authority = await createAuthority(`${names.cluster} cluster`);
  const client = (commonName: string, organization?: string): Promise<Certificate> =>
    authority.issue({ commonName, ...(organization !== undefined && { organization }), usage: ['client'] });
  const [apiServer, toKubelet, kubeletServing, admin, controllerManager, scheduler, proxy, kubelet] =
    await Promise.all([
      authority.issue({
        commonName: 'kube-apiserver',
        dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
        ip: ['127.0.0.1', ...names.apiAddresses],
        usage: ['server'],
      }),
      client('kube-apiserver-kubelet-client', 'system:masters'),
      authority.issue({
        commonName: names.node,
        dns: [names.node],
        ip: [names.nodeAddress],
        usage: ['server'],
      }),
      client('cluster-admin', 'system:masters'),
      client('system:kube-controller-manager'),
      client('system:kube-scheduler'),
      client('system:kube-proxy'),
      client(`system:node:${names.node}`, 'system:nodes'),
    ]);
  const serviceAccounts = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

  return {
    caPem: authority.certificatePem,
    ca: await write('ca.crt', authority.certificatePem),
    caKey: await write('ca.key', authority.keyPem),
    serviceAccountKey: await write('service-accounts.key', serviceAccounts.privateKey),
    serviceAccountPublicKey: await write('service-accounts.pub', serviceAccounts.publicKey),
    apiServer: await store('apiserver', apiServer),
    apiServerToKubelet: await store('apiserver-kubelet-client', toKubelet),
    kubeletServing: await store('kubelet-serving', kubeletServing),
    users: { admin, 'controller-manager': controllerManager, scheduler, kubelet, proxy },
  };
}

/** Kubeconfig text with everything in it: no file it points at, no command it runs. */
export function kubeconfig(
  cluster: string,
  server: string,
  caPem: string,
  user: string,
  credential: Certificate,
): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return `apiVersion: v1
kind: Config
clusters:
- name: ${cluster}
  cluster:
    server: ${server}
    certificate-authority-data: ${base64(caPem)}
users:
- name: ${cluster}-${user}
  user:
    client-certificate-data: ${base64(credential.certificatePem)}
    client-key-data: ${base64(credential.keyPem)}
contexts:
- name: ${cluster}
  context: {cluster: ${cluster}, user: ${cluster}-${user}}
current-context: ${cluster}
`;
}
