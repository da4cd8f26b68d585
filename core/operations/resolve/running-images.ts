import { parseDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { isObject } from '../../model/json.ts';
import { objectsAt, textAt, type KubernetesObject } from '../../model/kubernetes-object.ts';
import {
  digestReference,
  formatReference,
  parseImage,
  sameRepository,
  type Repository,
} from '../../model/reference.ts';
import type { ImageRequest } from './request.ts';

interface Running {
  readonly name: string;
  readonly repository: Repository;
  readonly digest: Digest;
}

/**
 * What runs in a namespace, by the digests that the nodes say they pulled. Pods of jobs, pods that end and pods that do
 * not run are left out, as are images of other registries.
 * @param host the registry whose images count; undefined counts all
 * @throws DeliveryError `ImageNotFound` when nothing runs, `TagConflict` when a component runs at two digests
 */
export function runningImages(
  pods: readonly KubernetesObject[],
  host: string | undefined,
): readonly ImageRequest[] {
  const running = pods.filter(isServing).flatMap(imagesOf);
  const wanted = running.filter(({ repository }) => host === undefined || repository.registry === host);
  const byName = new Map<string, Running>();
  for (const one of wanted) {
    const known = byName.get(one.name);
    if (
      known !== undefined &&
      (known.digest !== one.digest || !sameRepository(known.repository, one.repository))
    ) {
      throw new DeliveryError(
        'TagConflict',
        `${one.name} runs at two digests: ${format(known)} and ${format(one)}`,
        { hint: 'A rollout is under way. Wait for it to end, and run the stage again.' },
      );
    }
    byName.set(one.name, one);
  }
  if (byName.size === 0) {
    const others = [...new Set(running.map(({ repository }) => repository.registry))];
    throw new DeliveryError(
      'ImageNotFound',
      `no image${host === undefined ? '' : ` of ${host}`} runs in the namespace${others.length === 0 ? '' : `; there are images of ${others.join(', ')}`}`,
      { hint: 'Check the namespace and the registry of containerRegistry.' },
    );
  }
  return [...byName.values()].map(({ name, repository, digest }) => {
    const at = digestReference(repository, digest);
    return { name, text: formatReference(at), at };
  });
}

function isServing(pod: KubernetesObject): boolean {
  const isJob = objectsAt(pod, 'metadata', 'ownerReferences').some(
    (owner) => textAt(owner, 'kind') === 'Job',
  );
  return (
    textAt(pod, 'status', 'phase') === 'Running' && !isJob && pod.metadata.deletionTimestamp === undefined
  );
}

function imagesOf(pod: KubernetesObject): readonly Running[] {
  const statuses = objectsAt(pod, 'status', 'containerStatuses');
  const labels = isObject(pod.metadata.labels) ? pod.metadata.labels : {};
  const component = labels['app.kubernetes.io/name'] ?? labels['app'];
  return statuses.flatMap((status): readonly Running[] => {
    const container = textAt(status, 'name') ?? '';
    const image = textAt(status, 'imageID')?.replace(/^docker-pullable:\/\//, '');
    const at = image?.lastIndexOf('@') ?? -1;
    if (image === undefined || at < 0) return [];
    const name = statuses.length === 1 && typeof component === 'string' ? component : container;
    const { repository } = parseImage(image.slice(0, at));
    return [{ name, repository, digest: parseDigest(image.slice(at + 1)) }];
  });
}

function format({ repository, digest }: Running): string {
  return formatReference(digestReference(repository, digest));
}
