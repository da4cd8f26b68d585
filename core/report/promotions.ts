import { formatRepository } from '../model/reference.ts';
import type { Promotion, Release } from '../model/release.ts';
import { formatBytes } from './chart.ts';
import { digest } from './digests.ts';
import { markup, time, type Html } from './html.ts';
import { runLink } from './path.ts';
import { table } from './table.ts';

export function promotions(release: Release): Html {
  if (release.promotions.length === 0) return markup``;
  return markup`<section aria-labelledby="promotions"><h2 id="promotions">Promotions</h2><div class="card">${table(
    'Images promoted between registries',
    ['Image', 'Digest', 'From and to', 'When'],
    release.promotions.map(row),
  )}</div></section>`;
}

function row(promotion: Promotion): Html {
  const how =
    promotion.method === 'import'
      ? 'imported by the registry'
      : promotion.bytes === 0
        ? 'was there already'
        : `${formatBytes(promotion.bytes)} copied`;
  return markup`<tr><th scope="row">${promotion.image}</th><td>${digest(promotion.digest)}</td>
<td><code class="step">${formatRepository(promotion.from)}</code><code class="step">→ ${formatRepository(promotion.to)}</code></td>
<td class="when">${time(promotion.at)}${runLink(promotion.run)}<div>${promotion.tags.length === 0 ? 'no tag' : `as ${promotion.tags.join(', ')}`}, ${how}</div></td></tr>`;
}
