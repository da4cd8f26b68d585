import { algorithmOf, hexOf, type Digest } from '../model/digest.ts';
import { markup, type Html } from './html.ts';

/** Enough of a digest to tell it from others; all of it for who points at it, and for copying in the images' details. */
export function digest(value: Digest): Html {
  return markup`<code class="digest" title="${value}"><span>${algorithmOf(value)}:</span>${hexOf(value).slice(0, 12)}</code>`;
}

export function fullDigest(value: Digest): Html {
  return markup`<code class="digest full">${value}</code>`;
}

/** Where it is plain that a digest is meant. */
export function bareDigest(value: Digest): Html {
  return markup`<code class="digest" title="${value}">${hexOf(value).slice(0, 12)}</code>`;
}
