import { withMetadata, type KubernetesObject } from '../../../model/kubernetes-object.ts';
import { isManagedBy, withoutInterim, type FieldOwner } from '../../../model/strategy/ownership.ts';

/** The field manager of what a strategy writes for a while into objects that are not its own. */
export const interimManager = 'aks-delivery-strategy';

/** The object without a trace of the interim manager; the very same one where there is none. */
export function releaseInterim(
  object: KubernetesObject,
  owners: Readonly<Record<string, FieldOwner>>,
): KubernetesObject {
  if (!isManagedBy(object, interimManager)) return object;
  return withMetadata(object, { managedFields: withoutInterim(object, interimManager, owners) });
}
