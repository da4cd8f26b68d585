import type { EntraIssuer } from './control-plane.ts';
import type { Ground } from './ground.ts';
import type { Egress, RegistryEndpoint } from './node-configuration.ts';
import type { Simulate } from './simulated-node.ts';
import type { Progress } from '../progress.ts';

export interface ClusterOptions {
  /** Names the cluster's directory, its context and its node: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly ground: Ground;
  /** The world's; this cluster's files go to a directory of its name below. */
  readonly directory: string;
  /** Makes the API server accept Entra tokens. Ignored by clusters of the user's own. */
  readonly entra?: EntraIssuer;
  /** Real nodes: how their container runtime reaches registries. */
  readonly egress?: Egress;
  readonly registries?: readonly RegistryEndpoint[];
  /** Simulated nodes: what each pod does; all of them become Ready if this is not given. */
  readonly simulate?: Simulate;
  readonly progress?: Progress;
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Cluster {
  readonly name: string;
  /** https URL of the API server. */
  readonly server: string;
  readonly caPem: string;
  /** YAML; a client certificate of cluster-admin, or the user's own credential. */
  readonly adminKubeconfig: string;
  /** The same in a file, mode 0600, for kubectl. */
  readonly kubeconfigPath: string;
  readonly nodes: 'real' | 'simulated' | 'external';
  /** One sentence: why these nodes. */
  readonly why: string;
  /** Whether this machine reaches pod and Service addresses directly; otherwise only by port-forward and the like. */
  readonly routed: boolean;
  /** Whether the API server accepts tokens of the issuer in `entra`. */
  readonly entra: boolean;
  /** Directory of the components' logs; undefined for clusters of the user's own. */
  readonly logs: string | undefined;
  /** Adds simulated nodes beside what there is: labelled type=kwok, tainted kwok=true:NoSchedule beside real nodes. */
  addSimulatedNodes(count: number): Promise<void>;
  /** Kills a component as a crash would and starts it again; resolves when it runs, an API server when it is ready. */
  restart(
    component: 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubelet' | 'containerd',
  ): Promise<void>;
  /** Leaves no process, mount, interface, route or control group, and of its files only the logs. */
  stop(): Promise<void>;
}
