import { markup, type Html, type Part } from './html.ts';

/** A table that may be wider than a phone: it scrolls within itself, by keyboard too. */
export function table(caption: string, heads: readonly string[], rows: readonly Part[]): Html {
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption class="hidden">${caption}</caption>
<thead><tr>${heads.map((head) => markup`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}
