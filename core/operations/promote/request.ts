import type { Release, ReleaseImage, Run } from '../../model/release.ts';
import type { Repository } from '../../model/reference.ts';
import type { Clock, Log } from '../../model/ports.ts';
import type { Registry } from '../../clients/registry/registry.ts';

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
  /** Whether signatures, bills of materials and attestations go along. */
  readonly withReferrers: boolean;
  readonly allowTagMove: boolean;
  readonly dryRun: boolean;
  /** Whether a statement of the promotion is attached to the image at the target. */
  readonly withStatement: boolean;
  readonly lock: boolean;
  /** How many requests may be under way at once. */
  readonly concurrency: number;
  readonly run?: Run;
}

/** What a promotion works with. */
export interface PromotionTools {
  registry(host: string): Registry;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}
