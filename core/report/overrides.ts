import type { Override, Release } from '../model/release.ts';
import { markup, time, type Html } from './html.ts';
import { runLink } from './path.ts';

/** What was gone on without: above everything that went well, because nobody would look for it. */
export function overrides(release: Release): Html {
  if (release.overrides === undefined || release.overrides.length === 0) return markup``;
  return markup`<section aria-labelledby="overrides"><h2 id="overrides">Overridden</h2>${release.overrides.map(one)}</section>`;
}

function one(override: Override): Html {
  return markup`<article class="alert unknown"><h3>${override.action} without evidence of gate ${override.gate} in ${override.environment}</h3>
<p>${override.reason}</p>
<ul>${override.missing.map((line) => markup`<li>${line}</li>`)}</ul>
<p class="when">${override.by ?? 'somebody'}, ${time(override.at)}${runLink(override.run)}</p></article>`;
}
