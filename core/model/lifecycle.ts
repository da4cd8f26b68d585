import type { KubernetesObject } from './kubernetes-object.ts';

/** `true`: an object of this name that is there already is deleted first; for Jobs, whose template can not change. */
export const replaceAnnotation = 'aks-delivery/replace';

/** `succeeded`: the object is deleted once it has come to its good end. */
export const removeAnnotation = 'aks-delivery/remove';

export function isReplaced(object: KubernetesObject): boolean {
  return object.metadata.annotations?.[replaceAnnotation] === 'true';
}

export function isRemovedAfterwards(object: KubernetesObject): boolean {
  return object.metadata.annotations?.[removeAnnotation] === 'succeeded';
}
