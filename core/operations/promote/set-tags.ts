import type { ManifestContent } from '../../model/descriptor.ts';
import { shortDigest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { formatRepository, type Repository } from '../../model/reference.ts';
import { planTags, refuseMoves } from './target-state.ts';
import type { PromotionTools } from './request.ts';

/**
 * Points the tags at the manifest, which is there already, and reads each back.
 * @param tags one after the other: were one refused, those before it are right and those behind it untouched
 * @throws DeliveryError `TagConflict` when somebody else set one since the plan, or while it was set
 */
export async function setTags(
  to: Repository,
  tags: readonly string[],
  content: ManifestContent,
  allowTagMove: boolean,
  tools: PromotionTools,
): Promise<void> {
  const registry = tools.registry(to.registry);
  const { digest } = content.descriptor;
  const plans = await planTags(to, tags, digest, undefined, tools);
  if (!allowTagMove) {
    const moves = plans.filter((plan) => plan.state === 'moves');
    refuseMoves(moves.map((plan) => ({ repository: to, plan, digest })));
  }
  for (const { tag, state } of plans) {
    if (state !== 'same') await registry.putManifest(to.path, tag, content, tools.signal);
    const found = await registry.manifest(to.path, tag, tools.signal);
    if (found !== undefined && Buffer.compare(found.bytes, content.bytes) === 0) continue;
    throw new DeliveryError(
      'TagConflict',
      `${formatRepository(to)}:${tag} ${found === undefined ? 'is not there' : `is ${shortDigest(found.descriptor.digest)}`} right after it was set to ${shortDigest(digest)}`,
      { hint: 'Another pipeline sets the same tag. Give each release a tag of its own.' },
    );
  }
}
