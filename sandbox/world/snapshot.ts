import { createHash } from 'node:crypto';
import type { SandboxRegistry } from '../azure/acr-registry.ts';
import type { Api } from '../cluster/api.ts';
import { namespace } from '../names.ts';

/** What a place holds: a path for each thing in it, with a hash of all its bytes. */
export type Snapshot = ReadonlyMap<string, string>;

/** Every object of the shop's namespace, whatever its kind, except events, which come and go by themselves. */
export async function snapshotCluster(api: Api): Promise<Snapshot> {
  const objects = new Map<string, string>();
  for (const path of await listPaths(api)) {
    const { status, body } = await api.ask('GET', path);
    if (status !== 200) throw new Error(`${path}: HTTP ${status}`);
    for (const item of (body as { items: readonly { metadata: { name: string } }[] }).items) {
      objects.set(`${path}/${item.metadata.name}`, hash(JSON.stringify(item)));
    }
  }
  return objects;
}

/** Everything that the registry stores. */
export async function snapshotRegistry(registry: SandboxRegistry): Promise<Snapshot> {
  return registry.digestTree();
}

/** One line for each thing that was added, removed or changed. */
export function differences(before: Snapshot, after: Snapshot): readonly string[] {
  const changed = [...before].flatMap(([path, hashed]) => {
    const now = after.get(path);
    if (now === undefined) return [`removed ${path}`];
    return now === hashed ? [] : [`changed ${path}`];
  });
  const added = [...after.keys()].filter((path) => !before.has(path)).map((path) => `added ${path}`);
  return [...changed, ...added];
}

/** Takes snapshots until two in a row are equal: what a rollout set in motion has then come to rest. */
export async function settled(take: () => Promise<Snapshot>): Promise<Snapshot> {
  let last = await take();
  for (let tries = 0; tries < 60; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const next = await take();
    if (differences(last, next).length === 0) return next;
    last = next;
  }
  throw new Error('the cluster did not come to rest in 30 s');
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

async function listPaths(api: Api): Promise<readonly string[]> {
  const groups = (await api.ask('GET', '/apis')).body as {
    groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
  };
  const roots = [
    '/api/v1',
    ...groups.groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`),
  ];
  const lists = await Promise.all(
    roots.map(async (root) => {
      const { resources } = (await api.ask('GET', root)).body as ResourceList;
      return resources
        .filter(({ name, namespaced, verbs }) => namespaced && verbs.includes('list') && name !== 'events')
        .map(({ name }) => `${root}/namespaces/${namespace}/${name}`);
    }),
  );
  return lists.flat();
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
