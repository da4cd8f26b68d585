import type { KubernetesClient } from '../../clients/kubernetes/client.ts';
import type { ManifestObject } from '../../model/manifest-object.ts';
import type { Clock, Deadline, Log } from '../../model/ports.ts';

/** The field manager of everything this task writes: one name for ever, or fields could never be taken back. */
export const fieldManager = 'aks-delivery';

export type OnFailure = 'rollback' | 'keep';

/** What is to be deployed: rendered, with its images in place. */
export interface DeployRequest {
  readonly manifests: readonly ManifestObject[];
  /** Where objects go that name no namespace and need one. */
  readonly namespace: string;
  /** Take over fields that other managers own. */
  readonly force: boolean;
  readonly onFailure: OnFailure;
  /** Annotations that say where an object comes from; a difference in these alone is no change. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What the operation is handed from the outside. */
export interface DeploySurroundings {
  readonly client: KubernetesClient;
  readonly log: Log;
  readonly clock: Clock;
  readonly deadline: Deadline;
}

/** Requests that are under way at once. The API server's own limits for one client begin far above it. */
export const concurrency = 16;
