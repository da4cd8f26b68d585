import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../errors.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import {
  builtPrograms,
  type ControlPlanePrograms,
  startControlPlane,
  untilApiReady,
} from './control-plane.ts';
import { createClusterDirectory } from './directory.ts';
import type { SimulatedGround } from './ground.ts';
import { createPki } from './pki.ts';
import { freePorts } from './ports.ts';
import { SimulatedNodes } from './simulated-node.ts';
import { Supervisor } from './supervisor.ts';

/** A control plane as ordinary processes on loopback, and KWOK in place of kubelets: no root, any Unix. */
export async function startSimulatedCluster(
  options: ClusterOptions,
  ground: SimulatedGround,
): Promise<Cluster> {
  const { name, progress = () => undefined } = options;
  const programs = await controlPlanePrograms(ground);
  const directory = await createClusterDirectory(options.directory, name);
  const address = '127.0.0.1';
  const [port = 0, etcdPort = 0, etcdPeerPort = 0, kubeletPort = 0] = await freePorts(4);
  const pki = await createPki(join(directory.data, 'pki'), {
    cluster: name,
    node: 'simulated-1',
    apiAddresses: [address, firstService],
    nodeAddress: address,
  });

  const supervisor = await Supervisor.launch([ground.world, 'supervise'], directory.logs);
  let simulated: SimulatedNodes | undefined;
  const stop = async (): Promise<void> => {
    simulated?.stop();
    await supervisor.stop();
    await directory.clear();
  };
  try {
    const controlPlane = await startControlPlane(
      {
        cluster: name,
        directory: directory.data,
        address,
        port,
        etcdPort,
        etcdPeerPort,
        services,
        ...(options.entra && { entra: options.entra }),
      },
      programs,
      pki,
      supervisor,
    );
    progress(`cluster ${name}: API server ready at ${controlPlane.server}`);
    const nodes = await SimulatedNodes.start(
      {
        directory: directory.data,
        address,
        port: kubeletPort,
        pods,
        besideReal: false,
        simulate: options.simulate,
      },
      ground.kwok,
      await controlPlane.kubeconfigOf('admin'),
      controlPlane,
      pki,
      supervisor,
    );
    simulated = nodes;
    await nodes.add(1, supervisor);
    progress(`cluster ${name}: simulated node Ready`);
    return {
      name,
      server: controlPlane.server,
      caPem: pki.caPem,
      adminKubeconfig: controlPlane.adminKubeconfig,
      kubeconfigPath: await directory.writeKubeconfig(controlPlane.adminKubeconfig),
      nodes: 'simulated',
      why: ground.why,
      routed: false,
      entra: options.entra !== undefined,
      logs: directory.logs,
      addSimulatedNodes: (count) => nodes.add(count, supervisor),
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

// Nobody routes to them: they are only names that Services and pods have.
const services = '10.96.0.0/16';
const firstService = '10.96.0.1';
const pods = '10.244.0.0/16';

/** The user's own where KUBEBUILDER_ASSETS has them, which must be so for etcd and kube-apiserver, and else the built ones. */
async function controlPlanePrograms(ground: SimulatedGround): Promise<ControlPlanePrograms> {
  const built = builtPrograms(ground.world);
  const { assets } = ground;
  if (assets === undefined) return built;
  const own = async (
    name: keyof ControlPlanePrograms,
    required: boolean,
  ): Promise<readonly [string, ...string[]]> => {
    const path = join(assets, name);
    try {
      await access(path, 1);
      return [path];
    } catch (cause) {
      if (!required) return built[name];
      throw new SandboxError(
        'ClusterUnusable',
        `KUBEBUILDER_ASSETS is ${assets}, and has no executable ${name}`,
        {
          hint: 'Point it at a directory with etcd and kube-apiserver (setup-envtest use -p path), or unset it.',
          cause,
        },
      );
    }
  };
  return {
    etcd: await own('etcd', true),
    'kube-apiserver': await own('kube-apiserver', true),
    'kube-controller-manager': await own('kube-controller-manager', false),
    'kube-scheduler': await own('kube-scheduler', false),
  };
}
