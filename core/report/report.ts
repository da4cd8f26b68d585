import type { Release } from '../model/release.ts';
import { deployments } from './deployments.ts';
import { gates } from './gates.ts';
import { markup, Html } from './html.ts';
import { images, origin, whereItIs } from './images.ts';
import { overrides } from './overrides.ts';
import { path } from './path.ts';
import { promotions } from './promotions.ts';
import { sign } from './sign.ts';
import { stateOf } from './state.ts';
import { style } from './style.ts';

/**
 * The release as one page that needs nothing else: no script, no resource from elsewhere, and a policy that forbids
 * both. The same release always gives the same bytes.
 */
export function renderReport(release: Release): string {
  const state = stateOf(release);
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${release.name}: ${state.headline}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">
<style>${new Html(style)}</style></head>
<body>${body(release)}</body></html>
`;
  return page.text;
}

/** What the page shows, without the page: the Release tab brings its own. */
export function body(release: Release): Html {
  const state = stateOf(release);
  return markup`<header class="banner ${state.tone}"><div class="inner">${sign(state.tone)}<div>
<p class="kicker">Release ${release.name}</p><h1>${state.headline}</h1><p class="reason">${state.reason}</p>${whereItIs(release)}${origin(release)}</div></div></header>
<main>${overrides(release)}${path(release)}${images(release)}${gates(release)}${deployments(release)}${promotions(release)}</main>`;
}
