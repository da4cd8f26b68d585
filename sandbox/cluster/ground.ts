import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { components } from '../build/components.ts';
import { SandboxError, type SandboxProblem } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { type Bridge, reserveBridge } from './network.ts';
import { canInstallPackages, findNodePrograms, installPackages, type NodePrograms } from './prerequisites.ts';

const run = promisify(execFile);

export type NodesWanted = 'auto' | 'real' | 'simulated';

/**
 * What the clusters of one world stand on, decided and reserved before any of them starts, so that registries and the
 * Azure facade can already listen at `hostAddress`.
 */
export type Ground = RealGround | SimulatedGround | ExternalGround;

interface CommonGround {
  /** One sentence: why these nodes. */
  readonly why: string;
  /** The address of this machine that nodes, pods and API servers reach it by. */
  readonly hostAddress: string;
  /** Gives the addresses back; after every cluster was stopped. */
  release(): Promise<void>;
}

export interface RealGround extends CommonGround {
  readonly nodes: 'real';
  readonly world: string;
  readonly pause: string;
  readonly programs: NodePrograms;
  readonly bridge: Bridge;
}

export interface SimulatedGround extends CommonGround {
  readonly nodes: 'simulated';
  readonly world: string;
  readonly kwok: string;
  /** Directory of the user's own etcd and kube-apiserver. */
  readonly assets: string | undefined;
}

export interface ExternalGround extends CommonGround {
  readonly nodes: 'external';
  /** The files KUBECONFIG names. */
  readonly kubeconfig: string;
}

/**
 * Decides which nodes there will be, builds and installs what they need, and reserves addresses. Environment: KUBECONFIG
 * (clusters of the user's own), KUBEBUILDER_ASSETS (a control plane of the user's own, with simulated nodes).
 */
export async function prepareGround(options: {
  readonly nodes?: NodesWanted;
  readonly progress?: Progress;
  readonly environment?: NodeJS.ProcessEnv;
}): Promise<Ground> {
  const { nodes = 'auto', progress = () => undefined, environment = process.env } = options;
  const kubeconfig = environment['KUBECONFIG'];
  const assets = environment['KUBEBUILDER_ASSETS'];
  const release = (): Promise<void> => Promise.resolve();
  const hostAddress = '127.0.0.1';
  if (kubeconfig) {
    const why = `KUBECONFIG is set: the clusters are the ones it names (${kubeconfig}).`;
    return { nodes: 'external', why, hostAddress, kubeconfig, release };
  }

  const obstacle = assets
    ? `KUBEBUILDER_ASSETS (${assets}) has a control plane and no nodes`
    : await obstacleToRealNodes(nodes);
  if (nodes === 'real' && obstacle !== undefined) {
    throw new SandboxError('NodesImpossible', `Real nodes were asked for, and ${obstacle}.`, {
      hint: 'Ask for simulated nodes, or run as root on Linux with containerd, runc, CNI plugins and iptables.',
    });
  }
  if (obstacle !== undefined) return prepareSimulatedNodes(obstacle, assets, progress);
  try {
    return await prepareRealNodes(progress);
  } catch (error) {
    const impossible = error instanceof SandboxError && machineProblems.has(error.problem);
    if (nodes === 'real' || !impossible) throw error;
    return prepareSimulatedNodes(error.message, assets, progress);
  }
}

/** What is wrong with the machine and not with us. */
const machineProblems: ReadonlySet<SandboxProblem> = new Set(['PackagesMissing', 'NodesImpossible']);

/** What stands in the way of real nodes, as the end of a sentence. */
async function obstacleToRealNodes(wanted: NodesWanted): Promise<string | undefined> {
  if (wanted === 'simulated') return 'simulated nodes were asked for';
  if (process.platform !== 'linux') return `a kubelet needs Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'a kubelet needs root, and this is an ordinary user';
  const found = await findNodePrograms();
  if ('missing' in found && !(await canInstallPackages())) {
    return `${found.missing.join(', ')} is missing here and there is no apt-get to install it`;
  }
  return undefined;
}

async function prepareRealNodes(progress: Progress): Promise<RealGround> {
  let found = await findNodePrograms();
  if ('missing' in found) {
    await installPackages(found.missing, progress);
    found = await findNodePrograms();
  }
  if ('missing' in found) {
    throw new SandboxError('PackagesMissing', `${found.missing.join(', ')} was installed and is not found`);
  }
  const { world, pause } = await components(['world', 'pause'], progress);
  await run(world, ['can-isolate']).catch((error: unknown) => {
    const { stderr = '' } = error as { stderr?: string };
    const message = `this machine (a container, perhaps) gives root no nodes: ${stderr.trim()}`;
    throw new SandboxError('NodesImpossible', message, {
      hint: 'Run the container privileged, or ask for simulated nodes.',
      cause: error,
    });
  });
  const bridge = await reserveBridge(world);
  return {
    nodes: 'real',
    why: 'Linux, root, containerd and runc: a kubelet of its own for each cluster, in its own namespaces.',
    hostAddress: bridge.hostAddress,
    world,
    pause,
    programs: found.programs,
    bridge,
    release: () => bridge.release(),
  };
}

async function prepareSimulatedNodes(
  obstacle: string,
  assets: string | undefined,
  progress: Progress,
): Promise<SimulatedGround> {
  const { world, kwok } = await components(['world', 'kwok'], progress);
  return {
    nodes: 'simulated',
    why: `Simulated nodes (KWOK): ${obstacle}.`,
    hostAddress: '127.0.0.1',
    world,
    kwok,
    assets,
    release: () => Promise.resolve(),
  };
}
