import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../kubernetes-object.ts';
import type { ManifestObject } from '../manifest-object.ts';
import type { DeployedImage } from '../release.ts';
import type { Color } from './derived-objects.ts';
import type { FieldOwner } from './ownership.ts';
import type { CanaryStep } from './steps.ts';

/** How traffic is split between stable and canary. */
export type TrafficProviderName = 'pods' | 'gatewayApi' | 'ingressNginx' | 'istio';

/** What is being delivered: enough for any agent to promote exactly what was looked at. */
export interface DeliveredContent {
  /** Which content, whatever its steps: a rerun with the same goes on, another begins anew. */
  readonly id: string;
  readonly release: string;
  readonly images: readonly DeployedImage[];
  readonly manifests: readonly ManifestObject[];
}

/** A Deployment that has a canary beside it, as it was before. */
export interface StableWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  /** Who set the number of pods, by its entry in managedFields; undefined when nobody did. */
  readonly owner?: FieldOwner;
}

/** A canary under way. */
export interface CanaryProgress extends DeliveredContent {
  readonly strategy: 'canary';
  readonly phase: 'stepping' | 'promoting' | 'rejecting';
  readonly traffic: TrafficProviderName;
  readonly constantTotal: boolean;
  readonly steps: readonly CanaryStep[];
  /** Percent of the last step that was completed, checks included; 0 before. */
  readonly weight: number;
  /** Stable Deployments before anything was scaled: what they go back to. */
  readonly stable: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly replicas: number;
  }[];
  /** Labels by which the canary's pods are kept out of the stable Service. */
  readonly apart: readonly string[];
  /** Once the promotion has begun: every object of the manifests as it was, so that it can still be taken back. */
  readonly before?: readonly KubernetesObject[];
  /** Number of the newest entry of the history at that moment. */
  readonly historyBefore?: number;
}

/** A new colour under way, or one that has taken over while the old one can still be switched back to. */
export interface BlueGreenProgress extends DeliveredContent {
  readonly strategy: 'blueGreen';
  /** `done` is `switched` with the old colour scaled down. */
  readonly phase: 'preview' | 'switching' | 'switched' | 'done' | 'rejecting';
  readonly active: Color | 'plain' | 'none';
  readonly idle: Color;
  /** Deployments that served before, with their number of pods. */
  readonly old: readonly StableWorkload[];
  /** Objects that the switch changes as they were, an adopted Service before it was held to its pods. */
  readonly before: readonly KubernetesObject[];
  /** Adopted Services by `namespace/name`, with the pod-template-hash that they are held to until the switch. */
  readonly pins: Readonly<Record<string, string>>;
  /** When the old colour may go, in milliseconds since the epoch; undefined before the switch. */
  readonly scaleDownAt?: number;
}

export type StrategyProgress = CanaryProgress | BlueGreenProgress;

/** The same text for the same objects: whether a rerun delivers what is under way. */
export function contentId(manifests: readonly ManifestObject[]): string {
  const hash = createHash('sha256');
  for (const { object } of manifests.filter((one) => !isPullSecret(one.object)))
    hash.update(`${JSON.stringify(object)}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** A login is renewed with every run, and is out of date when it comes back from a record. */
export function isPullSecret(object: KubernetesObject): boolean {
  return object.kind === 'Secret' && object['type'] === 'kubernetes.io/dockerconfigjson';
}
