import type { ImageRules } from '../../model/image-rules.ts';
import type { Clock, Log } from '../../model/ports.ts';
import type { Reference, Repository } from '../../model/reference.ts';
import type { RegistryReader } from '../../clients/registry/registry.ts';

/** One component, and where its image is to be found. */
export interface ImageRequest {
  /** Unique within the release. */
  readonly name: string;
  /** As the author wrote it. */
  readonly text: string;
  readonly at: Reference | RangeReference;
}

/** The newest version within a range, among the repository's tags. */
export interface RangeReference {
  readonly kind: 'range';
  readonly repository: Repository;
  /** As semver writes it: `^1.2.0`. */
  readonly range: string;
  /** The best of the tags, or undefined when none is in the range. */
  choose(tags: readonly string[]): string | undefined;
}

export interface ResolveRequest {
  readonly images: readonly ImageRequest[];
  readonly rules: ImageRules;
}

export interface ResolveTools {
  registry(host: string): RegistryReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}
