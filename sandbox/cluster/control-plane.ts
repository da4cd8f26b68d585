import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api } from './api.ts';
import { kubeconfig, type Pki, type User } from './pki.ts';
import type { Supervisor } from './supervisor.ts';
import { until } from './wait.ts';

/** The programs of a control plane: one binary for all, or the user's own (KUBEBUILDER_ASSETS). */
export type ControlPlanePrograms = Readonly<
  Record<
    'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler',
    readonly [string, ...string[]]
  >
>;

/** All four from the one binary. */
export function builtPrograms(world: string): ControlPlanePrograms {
  return {
    etcd: [world, 'etcd'],
    'kube-apiserver': [world, 'kube-apiserver'],
    'kube-controller-manager': [world, 'kube-controller-manager'],
    'kube-scheduler': [world, 'kube-scheduler'],
  };
}

export interface ControlPlaneLayout {
  readonly cluster: string;
  readonly directory: string;
  /** Address and port of the API server; etcd listens on loopback beside it. */
  readonly address: string;
  readonly port: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly services: string;
  readonly entra?: EntraIssuer;
}

/** A token issuer the API server trusts as AKS trusts Microsoft Entra ID: users by object id, groups by object id. */
export interface EntraIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** https URL of its OpenID configuration, as the API server reaches it. */
  readonly discoveryUrl: string;
  /** Authority of the discovery URL's certificate. */
  readonly caPem: string;
  /** The `aud` its tokens must have. */
  readonly audience: string;
}

export interface ControlPlane {
  readonly server: string;
  readonly admin: Api;
  readonly adminKubeconfig: string;
  /** Writes the kubeconfig of a component and answers its path. */
  kubeconfigOf(user: User): Promise<string>;
}

/** Starts etcd, API server, controller manager and scheduler; resolves once the API server is ready. */
export async function startControlPlane(
  layout: ControlPlaneLayout,
  programs: ControlPlanePrograms,
  pki: Pki,
  supervisor: Supervisor,
): Promise<ControlPlane> {
  const server = `https://${layout.address}:${layout.port}`;
  const kubeconfigText = (user: User): string =>
    kubeconfig(layout.cluster, server, pki.caPem, user, pki.users[user]);
  const kubeconfigOf = async (user: User): Promise<string> => {
    const path = join(layout.directory, `${user}.kubeconfig`);
    await writeFile(path, kubeconfigText(user), { mode: 0o600 });
    return path;
  };

  await supervisor.start({ name: 'etcd', argv: [...programs.etcd, ...etcdArguments(layout)] });
  await supervisor.start({
    name: 'kube-apiserver',
    argv: [...programs['kube-apiserver'], ...(await apiServerArguments(layout, pki))],
  });
  const admin = Api.of({ server, caPem: pki.caPem, ...pki.users.admin });
  await untilApiReady(admin, supervisor);

  const [controllerManager, scheduler] = await Promise.all([
    kubeconfigOf('controller-manager'),
    kubeconfigOf('scheduler'),
  ]);
  await supervisor.start({
    name: 'kube-controller-manager',
    argv: [
      ...programs['kube-controller-manager'],
      `--kubeconfig=${controllerManager}`,
      '--leader-elect=false',
      '--secure-port=0',
      `--service-account-private-key-file=${pki.serviceAccountKey}`,
      `--root-ca-file=${pki.ca}`,
      `--cluster-signing-cert-file=${pki.ca}`,
      `--cluster-signing-key-file=${pki.caKey}`,
      '--use-service-account-credentials=true',
      // The default of 20 requests a second makes 300 pods take 14 s in place of 4.
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ],
  });
  await supervisor.start({
    name: 'kube-scheduler',
    argv: [
      ...programs['kube-scheduler'],
      `--kubeconfig=${scheduler}`,
      '--leader-elect=false',
      '--secure-port=0',
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ],
  });
  return { server, admin, adminKubeconfig: kubeconfigText('admin'), kubeconfigOf };
}

/** Resolves when the API server says that it is ready. */
export async function untilApiReady(api: Api, supervisor: Supervisor): Promise<void> {
  const ready = async (): Promise<boolean> => {
    await supervisor.check();
    return api.ask('GET', '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    );
  };
  await until(ready, 60_000, () => supervisor.failure('kube-apiserver', 'was not ready after 60 s'));
}

function etcdArguments(layout: ControlPlaneLayout): string[] {
  const client = `http://127.0.0.1:${layout.etcdPort}`;
  const peer = `http://127.0.0.1:${layout.etcdPeerPort}`;
  return [
    `--data-dir=${join(layout.directory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // What a power failure would lose, nobody wants back.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

async function apiServerArguments(layout: ControlPlaneLayout, pki: Pki): Promise<string[]> {
  const authentication = join(layout.directory, 'authentication.yaml');
  if (layout.entra !== undefined) {
    await writeFile(authentication, JSON.stringify(authenticationConfiguration(layout.entra), undefined, 2));
  }
  const loopback = layout.address.startsWith('127.');
  return [
    `--etcd-servers=http://127.0.0.1:${layout.etcdPort}`,
    `--cert-dir=${join(layout.directory, 'kube-apiserver')}`,
    `--secure-port=${layout.port}`,
    `--bind-address=${layout.address}`,
    // Endpoints of the kubernetes Service may not be loopback addresses, and without nodes nobody would use them.
    ...(loopback ? ['--endpoint-reconciler-type=none'] : [`--advertise-address=${layout.address}`]),
    `--tls-cert-file=${pki.apiServer.certificate}`,
    `--tls-private-key-file=${pki.apiServer.key}`,
    `--client-ca-file=${pki.ca}`,
    ...(layout.entra === undefined ? [] : [`--authentication-config=${authentication}`]),
    `--service-account-key-file=${pki.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${pki.serviceAccountKey}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--service-cluster-ip-range=${layout.services}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-certificate-authority=${pki.ca}`,
    `--kubelet-client-certificate=${pki.apiServerToKubelet.certificate}`,
    `--kubelet-client-key=${pki.apiServerToKubelet.key}`,
    '--allow-privileged=true',
    '--profiling=false',
  ];
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration */
function authenticationConfiguration(entra: EntraIssuer): unknown {
  return {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: {
          url: entra.issuer,
          discoveryURL: entra.discoveryUrl,
          certificateAuthority: entra.caPem,
          audiences: [entra.audience],
        },
        claimMappings: {
          username: { claim: 'oid', prefix: '' },
          groups: { claim: 'groups', prefix: '' },
        },
      },
    ],
  };
}
