import { fileURLToPath } from 'node:url';
import type { Progress } from '../progress.ts';
import { buildGo, type GoBuild } from './go.ts';

/** The Kubernetes the local world runs; the go.mod of sandbox/go/world has the same. */
export const kubernetesVersion = 'v1.34.4';

/**
 * `world`: Kubernetes, etcd and the supervisor of processes. `registry`: two OCI registries. `kwok`: simulated nodes.
 * `pause`: the process that holds a pod's namespaces. Each is built only when asked for.
 */
export type Component = 'world' | 'registry' | 'kwok' | 'pause';

const builds: Record<Component, GoBuild> = {
  world: {
    module: source('world'),
    name: 'world',
    // Without these the components call themselves v0.0.0-master+$Format:%H$, which clients can't parse.
    ldflags: [
      `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
      '-X k8s.io/component-base/version.gitMajor=1',
      '-X k8s.io/component-base/version.gitMinor=34',
    ],
  },
  registry: { module: source('registry'), name: 'registry' },
  kwok: { module: source('kwok'), package: 'sigs.k8s.io/kwok/cmd/kwok', name: 'kwok' },
  pause: { module: source('pause'), name: 'pause', goos: 'linux' },
};

/** Paths of the executables, built where the cache has none; one after the other, for each build uses every processor. */
export async function components<Wanted extends Component>(
  wanted: readonly Wanted[],
  progress?: Progress,
): Promise<Record<Wanted, string>> {
  const paths: Partial<Record<Wanted, string>> = {};
  for (const name of wanted) paths[name] = await buildGo(builds[name], progress);
  return paths as Record<Wanted, string>;
}

function source(name: string): string {
  return fileURLToPath(new URL(`../go/${name}`, import.meta.url));
}
