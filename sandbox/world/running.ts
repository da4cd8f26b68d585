import type { Api } from '../cluster/api.ts';
import { namespace } from '../names.ts';

/** What a cluster says is running: read from the pods, not from what was asked for. */
export interface RunningImage {
  /** The container's name, which is the service's. */
  readonly service: string;
  readonly registry: string;
  readonly digest: string;
  readonly ready: number;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
    readonly status: {
      readonly containerStatuses?: readonly {
        readonly name: string;
        readonly imageID: string;
        readonly ready: boolean;
      }[];
    };
  }[];
}

/** One entry for each service and image that has ready pods in the shop's namespace. */
export async function runningImages(api: Api): Promise<readonly RunningImage[]> {
  const { status, body } = await api.ask('GET', `/api/v1/namespaces/${namespace}/pods`);
  if (status !== 200) throw new Error(`listing pods: HTTP ${status}`);
  const found = new Map<string, RunningImage>();
  for (const pod of (body as PodList).items) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    for (const { name, imageID, ready } of pod.status.containerStatuses ?? []) {
      if (!ready) continue;
      // The runtime's own word; a simulated node has none, and repeats the specification.
      const image = imageID.includes('@')
        ? imageID
        : (pod.spec.containers.find((c) => c.name === name)?.image ?? '');
      const [repository = '', digest = ''] = image.split('@');
      const key = `${name} ${image}`;
      const before = found.get(key);
      found.set(key, {
        service: name,
        registry: repository.split('/')[0] ?? '',
        digest,
        ready: (before?.ready ?? 0) + 1,
      });
    }
  }
  return [...found.values()].toSorted((one, other) => one.service.localeCompare(other.service));
}
