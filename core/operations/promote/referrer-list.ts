import type { Descriptor } from '../../model/descriptor.ts';
import { shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { formatRepository, type Repository } from '../../model/reference.ts';
import type { ReferrerOptions } from '../../clients/registry/registry.ts';
import type { PromotionTools } from './request.ts';

/**
 * Sees to it that the target lists the referrers of a subject: registries with the referrers API do so by themselves,
 * for others the list is kept under a tag.
 * @throws DeliveryError `PromotionIncomplete` when it does not list them after all
 */
export async function ensureListed(
  repository: Repository,
  subject: Digest,
  entries: readonly Descriptor[],
  options: ReferrerOptions,
  tools: PromotionTools,
): Promise<void> {
  const registry = tools.registry(repository.registry);
  const missing = async (known: ReferrerOptions): Promise<readonly Descriptor[]> => {
    const listed = new Set(
      (await registry.referrers(repository.path, subject, known)).map(({ digest }) => digest),
    );
    return entries.filter(({ digest }) => !listed.has(digest));
  };
  const lost = await missing(options);
  if (lost.length === 0) return;
  if ((await registry.addReferrers(repository.path, subject, lost, options)) === 'listed') return;
  // A registry with the API may take a moment to show what it has just been given.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await tools.clock.sleep(1000, options.signal);
    if ((await missing({ signal: options.signal })).length === 0) return;
  }
  throw new DeliveryError(
    'PromotionIncomplete',
    `${formatRepository(repository)} does not list ${lost.length} of the attachments of ${shortDigest(subject)}`,
    { hint: 'They are in the registry, but nobody would find them. No tag was set; run the stage again.' },
  );
}
