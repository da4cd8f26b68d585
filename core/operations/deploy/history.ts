import { gunzipSync, gzipSync } from 'node:zlib';
import { DeliveryError } from '../../model/errors.ts';
import { isObject } from '../../model/json.ts';
import {
  isKubernetesObject,
  referenceTo,
  textAt,
  type KubernetesObject,
} from '../../model/kubernetes-object.ts';
import type { ManifestObject } from '../../model/manifest-object.ts';
import { parseDigest } from '../../model/digest.ts';
import { formatRepository, parseRepository } from '../../model/reference.ts';
import type { DeployedImage } from '../../model/release.ts';
import { fieldManager, type DeploySurroundings } from './request.ts';

/** What a deployment applied, as it is kept in the cluster: enough to go back to it without its sources. */
export interface HistoryEntry {
  /** When it was, in milliseconds since the epoch: the order of the entries. */
  readonly number: number;
  /** The release's name, or the run's where there was none. */
  readonly release: string;
  readonly at: string;
  readonly images: readonly DeployedImage[];
  readonly manifests: readonly ManifestObject[];
}

type Asking = Pick<DeploySurroundings, 'client' | 'deadline'>;

const deploymentLabel = 'aks-delivery/deployment';
const secretType = 'aks-delivery/history';
const kept = 10;
/** A Secret holds one megabyte (Kubernetes, "Secrets", size limit); base64 takes a third of it. */
const largest = 700_000;

export async function readHistory(
  name: string,
  namespace: string,
  { client, deadline }: Asking,
): Promise<readonly HistoryEntry[]> {
  const secrets = await listHistory(name, namespace, { client, deadline });
  return secrets.map(readEntry).sort((one, other) => one.number - other.number);
}

/**
 * The entry to go back to: the newest of that release, or the one before the newest.
 * @throws DeliveryError `NotFound` naming what there is
 */
export function chooseEntry(history: readonly HistoryEntry[], release: string | undefined): HistoryEntry {
  const newest = history.at(-1);
  const found =
    release === undefined
      ? history.filter((entry) => entry.release !== newest?.release).at(-1)
      : history.filter((entry) => entry.release === release).at(-1);
  if (found !== undefined) return found;
  const known = [...new Set(history.map((entry) => entry.release))];
  throw new DeliveryError(
    'NotFound',
    release === undefined
      ? 'no earlier release is recorded in the cluster'
      : `release ${release} is not recorded in the cluster`,
    {
      hint:
        known.length === 0
          ? 'Nothing was deployed under this "deploymentName" yet.'
          : `Recorded are ${known.join(', ')}.`,
    },
  );
}

/** Keeps what was applied beside the others, and lets the oldest go. */
export async function recordHistory(
  name: string,
  namespace: string,
  entry: Omit<HistoryEntry, 'number'>,
  surroundings: DeploySurroundings,
): Promise<void> {
  const { client, deadline, log } = surroundings;
  const content = gzipSync(JSON.stringify({ ...entry, images: entry.images.map(imageToJson) }));
  if (content.length > largest) {
    log.line(
      `The deployment is too large to be kept for the rollback action (${Math.ceil(content.length / 1024)} KB).`,
    );
    return;
  }
  try {
    const number = Date.parse(entry.at);
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: `aks-delivery.${name}.${number}`,
        namespace,
        labels: { [deploymentLabel]: name },
        annotations: { 'aks-delivery/release': entry.release },
      },
      type: secretType,
      data: {
        number: Buffer.from(String(number)).toString('base64'),
        deployment: content.toString('base64'),
      },
    };
    const [earlier] = await Promise.all([
      listHistory(name, namespace, { client, deadline }),
      client.create(secret, { fieldManager }, deadline.signal),
    ]);
    const others = earlier
      .filter((each) => numberOf(each) < number)
      .sort((one, other) => numberOf(one) - numberOf(other));
    for (const surplus of others.slice(0, Math.max(0, others.length + 1 - kept))) {
      await client.delete(referenceTo(surplus), {}, deadline.signal);
    }
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    log.warning(`The deployment is not kept for the rollback action: ${error.message}`);
  }
}

async function listHistory(
  name: string,
  namespace: string,
  { client, deadline }: Asking,
): Promise<readonly KubernetesObject[]> {
  const query = {
    apiVersion: 'v1',
    kind: 'Secret',
    namespace,
    labelSelector: `${deploymentLabel}=${name}`,
    fieldSelector: `type=${secretType}`,
  };
  return (await client.list(query, deadline.signal)).items;
}

function numberOf(secret: KubernetesObject): number {
  return Number(Buffer.from(textAt(secret, 'data', 'number') ?? '', 'base64').toString('utf8'));
}

function readEntry(secret: KubernetesObject): HistoryEntry {
  const content = JSON.parse(
    gunzipSync(Buffer.from(textAt(secret, 'data', 'deployment') ?? '', 'base64')).toString('utf8'),
  ) as unknown;
  const manifests =
    isObject(content) && Array.isArray(content['manifests']) ? (content['manifests'] as unknown[]) : [];
  const images =
    isObject(content) && Array.isArray(content['images']) ? (content['images'] as unknown[]) : [];
  return {
    number: numberOf(secret),
    release: textAt(content, 'release') ?? '',
    at: textAt(content, 'at') ?? '',
    images: images.map(imageFromJson),
    manifests: manifests.flatMap((manifest) => {
      const object = isObject(manifest) ? manifest['object'] : undefined;
      return isKubernetesObject(object)
        ? [{ object, origin: `release ${textAt(content, 'release') ?? ''}` }]
        : [];
    }),
  };
}

function imageToJson(image: DeployedImage): unknown {
  return { ...image, repository: formatRepository(image.repository) };
}

function imageFromJson(value: unknown): DeployedImage {
  return {
    image: textAt(value, 'image') ?? '',
    repository: parseRepository(textAt(value, 'repository') ?? ''),
    digest: parseDigest(textAt(value, 'digest') ?? ''),
  };
}
