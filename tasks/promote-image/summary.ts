import { shortDigest } from '../../core/model/digest.ts';
import { formatBytes } from '../../core/model/promotion-plan.ts';
import { formatRepository } from '../../core/model/reference.ts';
import type { PromotionOutcome } from '../../core/operations/promote/promote.ts';

/** What the run's summary page shows: one row per image. */
export function formatSummary(outcome: PromotionOutcome): string {
  const head = ['Image', 'From', 'To', 'Digest', 'Tags', 'Platforms', 'Attached', 'Moved'];
  const rows = outcome.plan.images.map((image) => {
    const done = outcome.promotions.find((promotion) => promotion.image === image.name);
    return [
      image.name,
      formatRepository(image.from),
      formatRepository(image.to),
      `\`${shortDigest(image.digest)}\``,
      image.tags.map(({ tag }) => tag).join(', '),
      image.platforms.join(', '),
      String(image.referrers.length + image.digestTags.length),
      done === undefined
        ? 'nothing (dry run)'
        : done.method === 'import'
          ? 'by the service'
          : formatBytes(done.bytes),
    ];
  });
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
    .join('\n');
}

/** Annotations are somebody else's text: none of it may end its cell or become markup. */
function cell(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;');
}
