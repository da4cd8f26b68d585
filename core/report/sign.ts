import { markup, Html } from './html.ts';
import type { Tone } from './state.ts';

// Drawn and not taken from a font: the page must look the same everywhere and load nothing.
const shapes: Readonly<Record<Tone, string>> = {
  good: '<path d="M4.5 8.3l2.4 2.4 4.7-5.2"/>',
  bad: '<path d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"/>',
  unknown: '<path d="M6 6.2c0-1.2.9-1.9 2-1.9s2 .7 2 1.8c0 1.5-2 1.6-2 3"/><path d="M8 11.6v.1"/>',
  neutral: '<path d="M5 8h6"/>',
};

/** The tone's sign. It says nothing aloud: the word beside it does. */
export function sign(tone: Tone): Html {
  return new Html(
    `<svg class="sign" aria-hidden="true" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8"/>${shapes[tone]}</svg>`,
  );
}

/** A word with its sign: how every outcome is shown. */
export function badge(tone: Tone, word: string): Html {
  return markup`<span class="badge ${tone}">${sign(tone)}${word}</span>`;
}
