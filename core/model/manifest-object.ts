import type { KubernetesObject } from './kubernetes-object.ts';

/** An object that is to be applied, and where its author wrote it. */
export interface ManifestObject {
  readonly object: KubernetesObject;
  /** `k8s/web.yaml:12`: what messages point at. */
  readonly origin: string;
}
