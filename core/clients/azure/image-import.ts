import type { Digest } from '../../model/digest.ts';
import type { AzureRegistry } from '../../model/promotion-method.ts';

/** One manifest that Azure is to move from one of its registries to another. */
export interface ImportRequest {
  readonly source: AzureRegistry;
  readonly sourcePath: string;
  readonly digest: Digest;
  readonly target: AzureRegistry;
  readonly targetPath: string;
  /** Undefined imports without a tag. */
  readonly tag: string | undefined;
  /** Whether the tag may move. */
  readonly force: boolean;
}
