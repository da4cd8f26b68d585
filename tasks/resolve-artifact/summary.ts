import { shortDigest } from '../../core/model/digest.ts';
import { formatBytes } from '../../core/model/promotion-plan.ts';
import { formatRepository } from '../../core/model/reference.ts';
import type { ResolvedImage } from '../../core/operations/resolve/resolve.ts';

/** What the run's summary page shows: one row per image. */
export function formatSummary(images: readonly ResolvedImage[]): string {
  const rows = images.map(({ image, facts, tag }) => {
    const referrers = (facts.referrers ?? []).map((referrer) => referrer.artifactType ?? referrer.mediaType);
    return [
      image.name,
      formatRepository(image.repository),
      tag ?? '',
      `\`${shortDigest(image.digest)}\``,
      image.platforms.join(', '),
      formatBytes(image.size),
      image.commit?.slice(0, 12) ?? '',
      image.createdAt ?? '',
      [...new Set(referrers)].join(', '),
    ];
  });
  const head = ['Image', 'Repository', 'Tag', 'Digest', 'Platforms', 'Size', 'Commit', 'Created', 'Attached'];
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
    .join('\n');
}

/** Labels and annotations are somebody else's text: none of it may end its cell or become markup. */
function cell(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;');
}
