import type { KubernetesClient } from '../../clients/kubernetes/client.ts';
import type { KubernetesObject } from '../../model/kubernetes-object.ts';
import type { ManifestObject } from '../../model/manifest-object.ts';
import type { Clock, Deadline, Log } from '../../model/ports.ts';
import type { DeployedImage } from '../../model/release.ts';

/** The field manager of everything this task writes: one name for ever, or fields could never be taken back. */
export const fieldManager = 'aks-delivery';

export type OnFailure = 'rollback' | 'keep';

/** What is to be deployed: rendered, with its images in place. */
export interface DeployRequest {
  /** Which deployments belong together: they exclude each other, share a history and, when pruned, a set. */
  readonly name: string;
  readonly manifests: readonly ManifestObject[];
  /** Where objects go that name no namespace and need one; where lease, history and set are kept. */
  readonly namespace: string;
  /** Take over fields that other managers own. */
  readonly force: boolean;
  readonly onFailure: OnFailure;
  /** Remove what earlier deployments of this name applied and this one has no more. */
  readonly prune: boolean;
  /** Objects that go unless the manifests have them: what a release has that is rolled back from. */
  readonly superseded?: readonly KubernetesObject[];
  /** Annotations that say where an object comes from; a difference in these alone is no change. */
  readonly annotations: Readonly<Record<string, string>>;
  /** This run, unlike any other: the holder of the lease. */
  readonly holder: string;
  /** What the history calls this deployment; undefined keeps none. */
  readonly history: { readonly release: string; readonly images: readonly DeployedImage[] } | undefined;
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
