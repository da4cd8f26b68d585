import { gunzipSync, gzipSync } from 'node:zlib';
import { parseDigest } from '../../../model/digest.ts';
import { DeliveryError } from '../../../model/errors.ts';
import { isObject } from '../../../model/json.ts';
import { textAt, type KubernetesObject, type ObjectReference } from '../../../model/kubernetes-object.ts';
import { formatRepository, parseRepository } from '../../../model/reference.ts';
import { isPullSecret, type StrategyProgress } from '../../../model/strategy/progress.ts';
import { fieldManager, type DeploySurroundings } from '../request.ts';

type Asking = Pick<DeploySurroundings, 'client' | 'deadline'>;

const secretType = 'aks-delivery/progress';
/** A Secret holds one megabyte (Kubernetes, "Secrets", size limit); base64 takes a third of it. */
const largest = 700_000;

/** Where a deployment in progress is kept: in the cluster, so that any agent goes on with what another began. */
export function progressReference(name: string, namespace: string): ObjectReference {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name: `aks-delivery.${name}.progress` };
}

/** Undefined when nothing is in progress. @throws DeliveryError `ApplyConflict` for a record of a later version */
export async function readProgress(
  name: string,
  namespace: string,
  { client, deadline }: Asking,
): Promise<StrategyProgress | undefined> {
  const secret = await client.get(progressReference(name, namespace), deadline.signal);
  if (secret === undefined || secret['type'] !== secretType) return undefined;
  const text = Buffer.from(textAt(secret, 'data', 'progress') ?? '', 'base64');
  const content: unknown = JSON.parse(gunzipSync(text).toString('utf8'));
  if (!isObject(content) || content['version'] !== 1) {
    throw new DeliveryError(
      'ApplyConflict',
      `the progress of ${name} was written by a later version of this task`,
      {
        hint: 'Go on with the version of the task that began it.',
      },
    );
  }
  const images = (content['images'] as readonly unknown[]).map((image) => ({
    image: textAt(image, 'image') ?? '',
    repository: parseRepository(textAt(image, 'repository') ?? ''),
    digest: parseDigest(textAt(image, 'digest') ?? ''),
  }));
  // The version says that this very code, or an older one, wrote the rest.
  return { ...content, images } as unknown as StrategyProgress;
}

/** @throws DeliveryError `ManifestInvalid` for a deployment that is too large to be kept */
export async function writeProgress(
  name: string,
  namespace: string,
  progress: StrategyProgress,
  { client, deadline }: Asking,
): Promise<void> {
  const images = progress.images.map((image) => ({
    ...image,
    repository: formatRepository(image.repository),
  }));
  const manifests = progress.manifests.filter(({ object }) => !isPullSecret(object));
  const content = gzipSync(JSON.stringify({ ...progress, version: 1, images, manifests }));
  if (content.length > largest) {
    throw new DeliveryError(
      'ManifestInvalid',
      `the deployment is too large to be kept in the cluster while it is in progress (${Math.ceil(content.length / 1024)} KB)`,
      { hint: 'Divide it into deployments of their own, each with a "deploymentName".' },
    );
  }
  const { name: secretName } = progressReference(name, namespace);
  const secret: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: secretName,
      namespace,
      annotations: {
        'aks-delivery/strategy': progress.strategy,
        'aks-delivery/phase': progress.phase,
        'aks-delivery/release': progress.release,
        ...(progress.strategy === 'canary' ? { 'aks-delivery/weight': String(progress.weight) } : {}),
      },
    },
    type: secretType,
    data: { progress: content.toString('base64') },
  };
  await client.apply(secret, { fieldManager, force: true }, deadline.signal);
}

export async function removeProgress(
  name: string,
  namespace: string,
  { client, deadline }: Asking,
): Promise<void> {
  await client.delete(progressReference(name, namespace), {}, deadline.signal);
}
