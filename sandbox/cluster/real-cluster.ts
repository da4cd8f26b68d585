import { join } from 'node:path';
import { components } from '../build/components.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { builtPrograms, type ControlPlane, startControlPlane, untilApiReady } from './control-plane.ts';
import { createClusterDirectory } from './directory.ts';
import type { RealGround } from './ground.ts';
import { pauseImage, writePauseImage } from './pause-image.ts';
import { createPki, type Pki } from './pki.ts';
import type { RealNodeLayout } from './node-configuration.ts';
import { nodeSpec, startContainerRuntime, startNode } from './real-node.ts';
import { SimulatedNodes } from './simulated-node.ts';
import { Supervisor } from './supervisor.ts';

/** One machine's worth of Kubernetes in namespaces of its own: control plane, container runtime, kubelet and kube-proxy. */
export async function startRealCluster(options: ClusterOptions, ground: RealGround): Promise<Cluster> {
  const { name, progress = () => undefined } = options;
  const started = Date.now();
  const directory = await createClusterDirectory(options.directory, name);
  const layout: RealNodeLayout = {
    cluster: name,
    node: `${name}-node`,
    directory: directory.data,
    network: ground.bridge.assign(),
    registries: options.registries ?? [],
    ...(options.egress && { egress: options.egress }),
  };
  const { network } = layout;
  const pki = await createPki(join(directory.data, 'pki'), {
    cluster: name,
    node: layout.node,
    apiAddresses: [network.address, network.firstService],
    nodeAddress: network.address,
  });
  const pauseTar = join(directory.data, 'pause.tar');
  await writePauseImage(ground.pause, pauseImage, pauseTar);

  const supervisor = await Supervisor.launch([ground.world, 'node', nodeSpec(layout)], directory.logs);
  let simulated: SimulatedNodes | undefined;
  const stop = async (): Promise<void> => {
    simulated?.stop();
    await supervisor.stop();
    await directory.clear();
  };
  try {
    const [controlPlane] = await Promise.all([
      startControlPlaneOf(options, ground.world, layout, pki, supervisor),
      startContainerRuntime(layout, ground.programs, pauseTar, supervisor),
    ]);
    progress(`cluster ${name}: API server ready at ${controlPlane.server} after ${seconds(started)}`);
    await startNode(layout, ground.world, pki, controlPlane, supervisor);
    progress(`cluster ${name}: node ${layout.node} Ready after ${seconds(started)}`);
    return {
      name,
      server: controlPlane.server,
      caPem: pki.caPem,
      adminKubeconfig: controlPlane.adminKubeconfig,
      kubeconfigPath: await directory.writeKubeconfig(controlPlane.adminKubeconfig),
      nodes: 'real',
      why: ground.why,
      routed: true,
      entra: options.entra !== undefined,
      logs: directory.logs,
      async addSimulatedNodes(count) {
        simulated ??= await SimulatedNodes.start(
          {
            directory: directory.data,
            address: network.address,
            port: 10247,
            pods: network.simulatedPods,
            besideReal: true,
            simulate: options.simulate,
          },
          (await components(['kwok'], progress)).kwok,
          await controlPlane.kubeconfigOf('admin'),
          controlPlane,
          pki,
          supervisor,
        );
        await simulated.add(count, supervisor);
      },
      async restart(component) {
        await supervisor.restart(component);
        if (component === 'kube-apiserver') await untilApiReady(controlPlane.admin, supervisor);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startControlPlaneOf(
  options: ClusterOptions,
  world: string,
  layout: RealNodeLayout,
  pki: Pki,
  supervisor: Supervisor,
): Promise<ControlPlane> {
  return startControlPlane(
    {
      cluster: options.name,
      directory: layout.directory,
      address: layout.network.address,
      port: 6443,
      etcdPort: 2379,
      etcdPeerPort: 2380,
      services: layout.network.services,
      ...(options.entra && { entra: options.entra }),
    },
    builtPrograms(world),
    pki,
    supervisor,
  );
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
