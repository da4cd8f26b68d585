import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';
import {
  containerdConfiguration,
  containerdSocket as socket,
  kubeletConfiguration,
  podNetwork,
  proxyConfiguration,
  type RealNodeLayout,
  snapshotterFor,
  writeRegistries,
} from './node-configuration.ts';
import type { Pki } from './pki.ts';
import type { NodePrograms } from './prerequisites.ts';
import { isReady } from './simulated-node.ts';
import type { Supervisor } from './supervisor.ts';
import { until } from './wait.ts';

/**
 * Directories that `world node` gives the node empty and in memory: runtime state that must be neither shared with the host
 * nor left there.
 */
export const privateDirectories = ['/run', '/var/lib/cni', '/var/lib/kubelet', '/var/log'];

/** The argument of `world node` (sandbox/go/world/node_linux.go). */
export function nodeSpec(layout: RealNodeLayout): string {
  const { network } = layout;
  return JSON.stringify({
    name: layout.node,
    bridge: network.bridge,
    link: network.link,
    address: `${network.address}/24`,
    gateway: network.gateway,
    routes: [network.pods, network.services],
    empty: privateDirectories,
  });
}

/** Starts the container runtime, which needs no API server: its 300 ms pass while that one starts. */
export async function startContainerRuntime(
  layout: RealNodeLayout,
  programs: NodePrograms,
  pauseTar: string,
  supervisor: Supervisor,
): Promise<void> {
  const { directory } = layout;
  const cni = join(directory, 'cni');
  await mkdir(cni, { recursive: true });
  await writeFile(join(cni, '10-pods.conflist'), JSON.stringify(podNetwork(layout.network), undefined, 2));
  await writeRegistries(join(directory, 'certs.d'), layout.registries);
  const trusted = [layout.egress?.caPem, ...layout.registries.map(({ caPem }) => caPem)];
  const bundle = join(directory, 'trusted.pem');
  await writeFile(bundle, trusted.filter((pem) => pem !== undefined).join('\n'));
  const configuration = join(directory, 'containerd.toml');
  const snapshotter = await snapshotterFor(directory);
  await writeFile(configuration, containerdConfiguration(directory, programs.cni, snapshotter));

  await supervisor.start({
    name: 'containerd',
    argv: [programs.containerd, '--config', configuration],
    env: {
      // Token endpoints and redirects have no place in hosts.toml; what Go trusts by default does for all of them.
      SSL_CERT_FILE: bundle,
      ...(layout.egress && { HTTPS_PROXY: layout.egress.proxyUrl, NO_PROXY: '127.0.0.1,localhost' }),
    },
  });
  // ctr waits for the daemon to answer; a pause image of our own makes the node independent of every registry.
  await supervisor.run(
    {
      name: 'import-pause',
      argv: [
        programs.ctr,
        `--address=${socket}`,
        '--namespace=k8s.io',
        'images',
        'import',
        `--snapshotter=${snapshotter}`,
        pauseTar,
      ],
    },
    30_000,
  );
}

/** Starts kubelet and kube-proxy; resolves once the node is Ready. */
export async function startNode(
  layout: RealNodeLayout,
  world: string,
  pki: Pki,
  controlPlane: ControlPlane,
  supervisor: Supervisor,
): Promise<void> {
  const { directory, network, node } = layout;
  const kubelet = join(directory, 'kubelet.yaml');
  const proxy = join(directory, 'kube-proxy.yaml');
  const resolv = join(directory, 'resolv.conf');
  await writeFile(resolv, 'nameserver 127.0.0.1\n');
  await writeFile(kubelet, JSON.stringify(kubeletConfiguration(layout, pki, resolv), undefined, 2));
  const proxyKubeconfig = await controlPlane.kubeconfigOf('proxy');
  await writeFile(proxy, JSON.stringify(proxyConfiguration(layout, proxyKubeconfig), undefined, 2));

  await Promise.all([
    supervisor.start({
      name: 'kubelet',
      argv: [
        world,
        'kubelet',
        `--config=${kubelet}`,
        `--kubeconfig=${await controlPlane.kubeconfigOf('kubelet')}`,
        `--root-dir=${join(directory, 'kubelet')}`,
        `--cert-dir=${join(directory, 'kubelet-certificates')}`,
        `--hostname-override=${node}`,
        `--node-ip=${network.address}`,
      ],
    }),
    supervisor.start({ name: 'kube-proxy', argv: [world, 'kube-proxy', `--config=${proxy}`] }),
  ]);
  await until(
    async () => {
      await supervisor.check();
      return isReady(controlPlane.admin, node);
    },
    60_000,
    () => supervisor.failure('kubelet', `had no Ready node ${node} after 60 s`),
  );
}
