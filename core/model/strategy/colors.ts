import { DeliveryError } from '../errors.ts';
import { formatObject, textAt, type KubernetesObject } from '../kubernetes-object.ts';
import type { Color } from './derived-objects.ts';
import { colorLabel } from './labels.ts';
import { labelsAt, serves } from './selection.ts';

/** `plain` is what an ordinary rolling deployment left behind; `none` is an application that is not there yet. */
export type ActiveColor = Color | 'plain' | 'none';

export interface ColorDecision {
  readonly active: ActiveColor;
  readonly idle: Color;
}

/**
 * Which colour serves, by what the Services say: they are what traffic follows, whatever else was deployed or recorded.
 * @param services the live ones; undefined where there is none yet
 * @throws DeliveryError `ApplyConflict` when they do not agree
 */
export function decideColors(services: readonly (KubernetesObject | undefined)[]): ColorDecision {
  const live = services.filter((service) => service !== undefined);
  const found = new Set(live.map(colorOf));
  const [only] = found;
  if (only === undefined) return { active: 'none', idle: 'blue' };
  if (found.size > 1) {
    const told = live.map((service) => `${formatObject(service)} sends to ${colorOf(service)}`);
    throw new DeliveryError('ApplyConflict', `the Services do not agree on a colour: ${told.join(', ')}`, {
      hint: 'A switch was interrupted. Run the task with "promote" to complete it, or with "reject" to take it back.',
    });
  }
  return { active: only, idle: only === 'green' ? 'blue' : only === 'blue' ? 'green' : 'green' };
}

export function colorOf(service: KubernetesObject): Color | 'plain' {
  const color = textAt(service, 'spec', 'selector', colorLabel);
  return color === 'blue' || color === 'green' ? color : 'plain';
}

/** The Services of the manifests that the colours switch: those that send to one of its Deployments. */
export function switchedServices(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const deployments = deploymentsOf(objects);
  return objects.filter(
    (object) =>
      object.kind === 'Service' &&
      object.apiVersion === 'v1' &&
      deployments.some((deployment) => serves(object, deployment)),
  );
}

export function deploymentsOf(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  return objects.filter((object) => object.kind === 'Deployment' && object.apiVersion === 'apps/v1');
}

/**
 * A Service that also sends to pods of something else (a StatefulSet, a Job) would lose them at the switch.
 * @throws DeliveryError `ManifestInvalid`
 */
export function refuseMixedServices(objects: readonly KubernetesObject[]): void {
  for (const service of switchedServices(objects)) {
    const other = objects.find(
      (object) =>
        object.kind !== 'Deployment' &&
        Object.keys(labelsAt(object, 'spec', 'template', 'metadata', 'labels')).length > 0 &&
        serves(service, object),
    );
    if (other === undefined) continue;
    throw new DeliveryError(
      'ManifestInvalid',
      `${formatObject(service)} sends to ${formatObject(other)} as well, which has no colours`,
      { hint: 'Give the Deployment a Service of its own: blue-green switches whole Services.' },
    );
  }
}
