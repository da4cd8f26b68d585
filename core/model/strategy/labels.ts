/** On everything that a strategy makes beside what the manifests hold: the deployment that it belongs to. */
export const strategyLabel = 'aks-delivery/strategy-of';

/** On canary pods, and part of their Deployment's selector. */
export const trackLabel = 'aks-delivery/track';

/** On the pods of a colour, part of their Deployment's selector and of the active Service's. */
export const colorLabel = 'aks-delivery/color';

/** On a derived object: the name of the object in the manifests that it stands for. */
export const ofAnnotation = 'aks-delivery/of';

/** On a copy of a ConfigMap or Secret: the name that the manifests give it. */
export const versionOfLabel = 'aks-delivery/version-of';

/** Kubernetes's own, on every pod of a Deployment: which replica set it belongs to (apps/v1, DefaultDeploymentUniqueLabelKey). */
export const podHashLabel = 'pod-template-hash';

export type StrategyName = 'canary' | 'blueGreen';

/** The value of `strategyLabel` for one deployment: names end at 42 characters, so there is room. */
export function strategyValue(deployment: string, strategy: StrategyName): string {
  return `${deployment}.${strategy === 'canary' ? 'canary' : 'blue-green'}`;
}
