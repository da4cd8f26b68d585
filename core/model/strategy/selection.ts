import { isObject } from '../json.ts';
import { fieldAt, type KubernetesObject } from '../kubernetes-object.ts';

export type Labels = Readonly<Record<string, string>>;

/** The string map at a path; anything else is an empty one. */
export function labelsAt(object: unknown, ...path: readonly string[]): Labels {
  const found = fieldAt(object, ...path);
  if (!isObject(found)) return {};
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Whether every label that is asked for is there. An empty selector selects nothing: so it is with Services. */
export function isSelected(selector: Labels, labels: Labels): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}

/** Whether the Service sends its requests to the pods of the workload. */
export function serves(service: KubernetesObject, workload: KubernetesObject): boolean {
  return (
    service.metadata.namespace === workload.metadata.namespace &&
    isSelected(
      labelsAt(service, 'spec', 'selector'),
      labelsAt(workload, 'spec', 'template', 'metadata', 'labels'),
    )
  );
}

/** The same selector as the API server takes it in a list's query. */
export function formatSelector(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
