import { isObject, without } from '../model/json.ts';
import type { KubernetesObject } from '../model/kubernetes-object.ts';

/**
 * Writes a Secret's `stringData` into its `data`. The server does that on the way in and keeps `data` alone, so that with
 * server-side apply a key that was taken out of `stringData` would stay in the cluster for ever
 * (API reference, Secret, `stringData`: "write-only").
 */
export function withoutStringData(object: KubernetesObject): KubernetesObject {
  const { stringData } = object;
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1' || !isObject(stringData)) return object;
  const { data } = object;
  const encoded = Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [
      key,
      // Anything else is the server's to refuse, with the field's name.
      typeof value === 'string' ? Buffer.from(value).toString('base64') : value,
    ]),
  );
  return {
    ...(without(object, 'stringData') as KubernetesObject),
    data: { ...(isObject(data) ? data : {}), ...encoded },
  };
}
