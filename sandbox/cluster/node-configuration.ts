import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeNetwork } from './network.ts';
import { pauseImage } from './pause-image.ts';
import type { Pki } from './pki.ts';

/** A registry that nodes reach elsewhere than its name says. */
export interface RegistryEndpoint {
  /** As image references name it, such as contosoprod.azurecr.io. */
  readonly host: string;
  /** host:port, or a URL if it speaks plain HTTP; where it listens, as the node reaches it. */
  readonly address: string;
  readonly caPem?: string;
}

/** What the node's container runtime uses for pulls, as AKS nodes behind a corporate proxy do. */
export interface Egress {
  /** http://host:port of a forward proxy (CONNECT), as the node reaches it. */
  readonly proxyUrl: string;
  /** Authorities to trust for what is reached through it. */
  readonly caPem: string;
}

export interface RealNodeLayout {
  readonly cluster: string;
  readonly node: string;
  readonly directory: string;
  readonly network: NodeNetwork;
  readonly registries: readonly RegistryEndpoint[];
  readonly egress?: Egress;
}

/** In the node's own /run. */
export const containerdSocket = '/run/containerd/containerd.sock';

/**
 * Point-to-point links rather than a bridge: traffic between two pods of a node is then routed, so that Services work
 * without the br_netfilter module.
 */
export function podNetwork(network: NodeNetwork): unknown {
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/var/lib/cni/networks',
          ranges: [[{ subnet: network.pods }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

/** https://github.com/containerd/containerd/blob/main/docs/hosts.md */
export async function writeRegistries(
  directory: string,
  registries: readonly RegistryEndpoint[],
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const { host, address, caPem } of registries) {
    const folder = join(directory, host);
    await mkdir(folder, { recursive: true });
    const ca = join(folder, 'ca.pem');
    if (caPem !== undefined) await writeFile(ca, caPem);
    const url = address.includes('://') ? address : `https://${address}`;
    // The mirror is the server too: containerd asks that one when a mirror lacks something, and nothing is behind the name.
    const trust = caPem === undefined ? [] : [`ca = ${JSON.stringify(ca)}`];
    const lines = [
      `server = ${JSON.stringify(url)}`,
      ...trust,
      `[host.${JSON.stringify(url)}]`,
      'capabilities = ["pull", "resolve"]',
      ...trust,
    ];
    await writeFile(join(folder, 'hosts.toml'), `${lines.join('\n')}\n`);
  }
}

/** An overlay can't lie on an overlay, which is what the files of a container mostly are: there, layers are copied. */
export async function snapshotterFor(directory: string): Promise<'overlayfs' | 'native'> {
  const overlay = 0x794c7630;
  const { type } = await statfs(directory);
  return type === overlay ? 'native' : 'overlayfs';
}

/** Version 2 of the configuration: containerd 1.6 and later read it, 2.x migrates it. */
export function containerdConfiguration(directory: string, cniPlugins: string, snapshotter: string): string {
  const text = (value: string): string => JSON.stringify(value);
  return `version = 2
root = ${text(join(directory, 'containerd'))}
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
address = ${text(containerdSocket)}
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = ${text(pauseImage)}
# Where CAP_SYS_RESOURCE is missing runc would fail otherwise ("can't get final child's PID from pipe: EOF").
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = ${text(snapshotter)}
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = ${text(cniPlugins)}
conf_dir = ${text(join(directory, 'cni'))}
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = ${text(join(directory, 'certs.d'))}
`;
}

export function kubeletConfiguration(layout: RealNodeLayout, pki: Pki, resolv: string): unknown {
  const { directory, network } = layout;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: network.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki.ca },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki.kubeletServing.certificate,
    tlsPrivateKeyFile: pki.kubeletServing.key,
    readOnlyPort: 0,
    healthzPort: 0,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    podLogsDir: join(directory, 'pod-logs'),
    volumePluginDir: join(directory, 'volume-plugins'),
    staticPodPath: '',
    clusterDNS: [network.dns],
    clusterDomain: 'cluster.local',
    resolvConf: resolv,
    // The node shares its machine: it takes what it is given and evicts nobody.
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    evictionHard: {},
    imageGCHighThresholdPercent: 100,
    makeIPTablesUtilChains: false,
    serializeImagePulls: false,
    nodeStatusUpdateFrequency: '2s',
    syncFrequency: '10s',
  };
}

export function proxyConfiguration(layout: RealNodeLayout, kubeconfig: string): unknown {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    hostnameOverride: layout.node,
    bindAddress: layout.network.address,
    clusterCIDR: layout.network.pods,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    clientConnection: { kubeconfig },
    // The host's limits on connection tracking are not this cluster's to change.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    iptables: { minSyncPeriod: '0s', syncPeriod: '30s' },
  };
}
