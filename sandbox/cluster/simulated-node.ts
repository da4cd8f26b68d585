import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Api, describe } from './api.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Pki } from './pki.ts';
import {
  messageAnnotation,
  nodeStages,
  podStages,
  readyAfterAnnotation,
  type SimulatedState,
  stateAnnotation,
} from './stages.ts';
import type { Supervisor } from './supervisor.ts';
import { until } from './wait.ts';

/** The part of a pod that decides what becomes of it. */
export interface SimulatedPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  };
}

/** What becomes of a simulated pod. */
export interface Simulation {
  /** A Job's pod completes if it is running, or failed if it is that. */
  readonly state: SimulatedState;
  /** Of a running pod: milliseconds until it is Ready. */
  readonly readyAfter?: number;
  /** Of a failing one: what its status says. */
  readonly message?: string;
  /** host:port of a process on this machine that answers for the pod: what port-forward reaches, whatever the port. */
  readonly address?: string;
  /** File that `logs` shows; its lines are made by `logLine`. */
  readonly logs?: string;
}

/** A line of a container's log as the Container Runtime Interface has it: what a kubelet, and KWOK, reads back. */
export function logLine(text: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
  return `${new Date().toISOString()} ${stream} F ${text}\n`;
}

/** Asked once for each pod bound to a simulated node. */
export type Simulate = (pod: SimulatedPod) => Simulation | Promise<Simulation>;

export interface SimulatedNodesLayout {
  readonly directory: string;
  /** Where KWOK stands in for the kubelets: what the API server reaches for logs, exec and port-forward. */
  readonly address: string;
  readonly port: number;
  readonly pods: string;
  /** Beside a real node, pods come only if they ask for it. */
  readonly besideReal: boolean;
  readonly simulate: Simulate | undefined;
}

/** The process that plays the kubelets of every simulated node of a cluster. */
export class SimulatedNodes {
  readonly #api: Api;
  readonly #layout: SimulatedNodesLayout;
  readonly #watching = new AbortController();
  #count = 0;

  private constructor(api: Api, layout: SimulatedNodesLayout) {
    this.#api = api;
    this.#layout = layout;
  }

  static async start(
    layout: SimulatedNodesLayout,
    kwok: string,
    kubeconfig: string,
    controlPlane: ControlPlane,
    pki: Pki,
    supervisor: Supervisor,
  ): Promise<SimulatedNodes> {
    const directory = join(layout.directory, 'kwok');
    await mkdir(directory, { recursive: true });
    const configuration = join(directory, 'stages.yaml');
    const stages = [...nodeStages(), ...podStages(layout.simulate !== undefined)];
    await writeFile(configuration, stages.map((stage) => JSON.stringify(stage)).join('\n---\n'));
    await installDefinitions(controlPlane.admin);
    await supervisor.start({
      name: 'kwok',
      argv: [
        kwok,
        `--kubeconfig=${kubeconfig}`,
        `--config=${configuration}`,
        `--enable-crds=${definitions.map(({ kind }) => kind).join(',')}`,
        ...(layout.besideReal
          ? ['--manage-all-nodes=false', '--manage-nodes-with-label-selector=type=kwok']
          : ['--manage-all-nodes=true']),
        `--cidr=${layout.pods}`,
        '--node-lease-duration-seconds=40',
        `--node-ip=${layout.address}`,
        `--node-port=${layout.port}`,
        `--server-address=${layout.address}:${layout.port}`,
        `--tls-cert-file=${pki.kubeletServing.certificate}`,
        `--tls-private-key-file=${pki.kubeletServing.key}`,
      ],
      // Its default configuration file is the user's own ~/.kwok/kwok.yaml.
      env: { KWOK_WORKDIR: directory },
    });
    const nodes = new SimulatedNodes(controlPlane.admin, layout);
    if (layout.simulate !== undefined) void nodes.#decide(layout.simulate);
    return nodes;
  }

  /** Adds nodes and resolves when they are Ready. */
  async add(count: number, supervisor: Supervisor): Promise<void> {
    const names = Array.from({ length: count }, () => `simulated-${++this.#count}`);
    for (const name of names) {
      const answer = await this.#api.ask('POST', '/api/v1/nodes', {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: { type: 'kwok', 'kubernetes.io/hostname': name } },
        spec: this.#layout.besideReal
          ? { taints: [{ key: 'kwok', value: 'true', effect: 'NoSchedule' }] }
          : {},
      });
      if (answer.status !== 201) throw new Error(`create node ${name}: ${describe(answer)}`);
    }
    await until(
      async () => {
        await supervisor.check();
        const states = await Promise.all(names.map((name) => isReady(this.#api, name)));
        return states.every(Boolean);
      },
      30_000,
      () => supervisor.failure('kwok', `had not made ${count} nodes Ready after 30 s`),
    );
  }

  stop(): void {
    this.#watching.abort();
  }

  /** Asks about every pod as it is bound to one of these nodes, for as long as the cluster lives. */
  async #decide(simulate: Simulate): Promise<void> {
    const { signal } = this.#watching;
    const decided = new Set<string>();
    while (!signal.aborted) {
      try {
        for await (const { type, object } of this.#api.watch('/api/v1/pods', signal)) {
          const pod = object as SimulatedPod;
          const node = pod.spec.nodeName ?? '';
          if (type === 'ERROR' || !node.startsWith('simulated-') || decided.has(pod.metadata.uid)) continue;
          decided.add(pod.metadata.uid);
          await this.#settle(pod, await simulate(pod));
        }
      } catch {
        // The API server is being restarted, or the cluster stopped: the loop finds out which.
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async #settle(pod: SimulatedPod, simulation: Simulation): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    // Gone with its pod: the garbage collector sees to it.
    const owned = {
      name,
      namespace,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }],
    };
    const base = `/apis/kwok.x-k8s.io/v1alpha1/namespaces/${namespace}`;
    if (simulation.address !== undefined) {
      const { hostname, port } = new URL(`tcp://${simulation.address}`);
      await this.#api.apply(`${base}/portforwards/${name}`, {
        apiVersion: 'kwok.x-k8s.io/v1alpha1',
        kind: 'PortForward',
        metadata: owned,
        spec: { forwards: [{ target: { address: hostname, port: Number(port) } }] },
      });
    }
    if (simulation.logs !== undefined) {
      await this.#api.apply(`${base}/logs/${name}`, {
        apiVersion: 'kwok.x-k8s.io/v1alpha1',
        kind: 'Logs',
        metadata: owned,
        spec: { logs: [{ logsFile: simulation.logs, follow: true }] },
      });
    }
    await this.#api.apply(`/api/v1/namespaces/${namespace}/pods/${name}`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        annotations: {
          [stateAnnotation]: simulation.state,
          ...(simulation.readyAfter !== undefined && {
            [readyAfterAnnotation]: `${simulation.readyAfter}ms`,
          }),
          ...(simulation.message !== undefined && { [messageAnnotation]: simulation.message }),
        },
      },
    });
  }
}

const definitions = [
  { kind: 'PortForward', plural: 'portforwards', singular: 'portforward' },
  { kind: 'Logs', plural: 'logs', singular: 'logs' },
] as const;

/** KWOK's own definitions describe every field; it is their only reader here. */
async function installDefinitions(api: Api): Promise<void> {
  for (const { kind, plural, singular } of definitions) {
    const name = `${plural}.kwok.x-k8s.io`;
    await api.apply(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
      spec: {
        group: 'kwok.x-k8s.io',
        scope: 'Namespaced',
        names: { kind, plural, singular, listKind: `${kind}List` },
        versions: [
          {
            name: 'v1alpha1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        ],
      },
    });
  }
  const served = async (): Promise<boolean> => {
    const answers = await Promise.all(
      definitions.map(({ plural }) => api.ask('GET', `/apis/kwok.x-k8s.io/v1alpha1/${plural}`)),
    );
    return answers.every(({ status }) => status === 200);
  };
  await until(served, 15_000, () =>
    Promise.resolve(new Error('KWOK definitions were not served after 15 s')),
  );
}

/** Whether the node exists and its Ready condition is True. */
export async function isReady(api: Api, node: string): Promise<boolean> {
  const { status, body } = await api.ask('GET', `/api/v1/nodes/${node}`);
  if (status !== 200) return false;
  const { conditions = [] } = (body as { status: { conditions?: { type: string; status: string }[] } })
    .status;
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}
