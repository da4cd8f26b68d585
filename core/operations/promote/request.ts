import type { ImageImporter } from '../../clients/azure/container-registry.ts';
import type { ImageLocker } from '../../clients/azure/container-registry-locks.ts';
import type { Registry } from '../../clients/registry/registry.ts';
import type { Clock, Log } from '../../model/ports.ts';
import type { PromotionMode } from '../../model/promotion-method.ts';
import type { Repository } from '../../model/reference.ts';
import type { Release, ReleaseImage, Run } from '../../model/release.ts';

/** One image's way from one registry to another. */
export interface PromotionItem {
  readonly image: ReleaseImage;
  readonly from: Repository;
  readonly to: Repository;
  /** Set at the very end, to the image's digest. */
  readonly tags: readonly string[];
}

export interface PromotionRequest {
  readonly release: Release;
  readonly items: readonly PromotionItem[];
  readonly mode: PromotionMode;
  /** Patterns of repositories that may be promoted from; empty allows all. */
  readonly allowedSources: readonly string[];
  /** Gates or environments whose latest verdict on each image must have passed. */
  readonly requiredEvidence: readonly string[];
  /** Whether signatures, bills of materials and attestations go along. */
  readonly withReferrers: boolean;
  readonly allowTagMove: boolean;
  readonly dryRun: boolean;
  /** Whether a statement of the promotion is attached to the image at the target. */
  readonly withStatement: boolean;
  /** Whether write and delete are taken away from the promoted tags and manifests. */
  readonly lock: boolean;
  /** How many blobs may be under way at once. */
  readonly concurrency: number;
  readonly run?: Run;
}

/** What a promotion works with. */
export interface PromotionTools {
  registry(host: string): Registry;
  /** Undefined when there is no Azure identity that could. */
  readonly importer?: ImageImporter | undefined;
  readonly locker?: ImageLocker | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}
