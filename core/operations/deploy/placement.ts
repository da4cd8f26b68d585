import type { ApiResource } from '../../clients/kubernetes/discovery.ts';
import { mapConcurrently } from '../../model/concurrency.ts';
import { DeliveryError } from '../../model/errors.ts';
import { without } from '../../model/json.ts';
import {
  fieldAt,
  formatObject,
  groupOf,
  objectKey,
  textAt,
  withMetadata,
  type KubernetesObject,
} from '../../model/kubernetes-object.ts';
import type { ManifestObject } from '../../model/manifest-object.ts';
import { concurrency, type DeployRequest, type DeploySurroundings } from './request.ts';

/** A manifest that knows where in the cluster it belongs. */
export interface PlacedObject {
  readonly manifest: ManifestObject;
  readonly namespaced: boolean;
  /** The server does not serve the kind yet: its definition is part of this deployment. */
  readonly isKindPending: boolean;
}

/**
 * Finds every object's kind at the server and gives a namespace to those that need one and name none. An object's own
 * namespace is kept.
 * @throws DeliveryError `KindUnknown`, `ManifestInvalid` for an object that is there twice
 */
export async function placeObjects(
  request: DeployRequest,
  { client, deadline }: Pick<DeploySurroundings, 'client' | 'deadline'>,
): Promise<readonly PlacedObject[]> {
  const scopes = scopesOfDefinitions(request.manifests);
  const placed = await mapConcurrently(request.manifests, concurrency, async (manifest) => {
    const { object } = manifest;
    const resource = await client.discovery.find(object.apiVersion, object.kind, deadline.signal);
    const scope = scopes.get(`${groupOf(object.apiVersion)}/${object.kind}`);
    if (resource === undefined && scope === undefined)
      throw await unknownKind(manifest, client.discovery, deadline.signal);
    const namespaced = resource?.namespaced ?? scope === 'Namespaced';
    return {
      manifest: { ...manifest, object: place(object, namespaced, request.namespace) },
      namespaced,
      isKindPending: resource === undefined,
    };
  });
  refuseTwins(placed);
  return placed;
}

function place(object: KubernetesObject, namespaced: boolean, namespace: string): KubernetesObject {
  if (namespaced) {
    return object.metadata.namespace === undefined ? withMetadata(object, { namespace }) : object;
  }
  if (object.metadata.namespace === undefined) return object;
  return { ...object, metadata: without(object.metadata, 'namespace') };
}

/** Kinds that this deployment itself brings, by `group/Kind`. */
function scopesOfDefinitions(manifests: readonly ManifestObject[]): ReadonlyMap<string, string> {
  const scopes = new Map<string, string>();
  for (const { object } of manifests) {
    if (object.kind !== 'CustomResourceDefinition') continue;
    const group = textAt(object, 'spec', 'group') ?? '';
    const kind = textAt(object, 'spec', 'names', 'kind') ?? '';
    scopes.set(`${group}/${kind}`, String(fieldAt(object, 'spec', 'scope')));
  }
  return scopes;
}

async function unknownKind(
  manifest: ManifestObject,
  discovery: { resourceFor(apiVersion: string, kind: string, signal?: AbortSignal): Promise<ApiResource> },
  signal: AbortSignal,
): Promise<Error> {
  try {
    await discovery.resourceFor(manifest.object.apiVersion, manifest.object.kind, signal);
  } catch (error) {
    if (!(error instanceof DeliveryError) || error.code !== 'KindUnknown') throw error;
    return new DeliveryError('KindUnknown', `${manifest.origin}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
  return new Error(`the kind of ${formatObject(manifest.object)} came and went`);
}

function refuseTwins(placed: readonly PlacedObject[]): void {
  const seen = new Map<string, ManifestObject>();
  for (const { manifest } of placed) {
    if (manifest.object.metadata.name === undefined) continue;
    const key = objectKey(manifest.object);
    const before = seen.get(key);
    if (before !== undefined) {
      throw new DeliveryError(
        'ManifestInvalid',
        `${formatObject(manifest.object)} is there twice: in ${before.origin} and in ${manifest.origin}`,
        { hint: 'Keep one of the two, or give them different namespaces.' },
      );
    }
    seen.set(key, manifest);
  }
}
