import { textAt, type KubernetesObject } from '../kubernetes-object.ts';
import { isObject } from '../json.ts';

/** The autoscaler that sets a Deployment's number of pods, if there is one. */
export function autoscalerOf(
  deployment: KubernetesObject,
  autoscalers: readonly KubernetesObject[],
  name = deployment.metadata.name,
): KubernetesObject | undefined {
  return autoscalers.find(
    (autoscaler) =>
      autoscaler.metadata.namespace === deployment.metadata.namespace &&
      (textAt(autoscaler, 'spec', 'scaleTargetRef', 'kind') ?? 'Deployment') === 'Deployment' &&
      textAt(autoscaler, 'spec', 'scaleTargetRef', 'name') === name,
  );
}

/** The same autoscaler for a Deployment of another name. */
export function retargeted(autoscaler: KubernetesObject, name: string): KubernetesObject {
  const spec = isObject(autoscaler['spec']) ? autoscaler['spec'] : {};
  const target = isObject(spec['scaleTargetRef']) ? spec['scaleTargetRef'] : {};
  return { ...autoscaler, spec: { ...spec, scaleTargetRef: { ...target, name } } };
}
