/** Markup that may go into a page as it is. Only this file makes it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Html | string | number | undefined | readonly Part[];

/** A template whose values are escaped, whatever they are, unless they are Html already. */
export function markup(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(
    strings.map((string, index) => (index === 0 ? string : render(values[index - 1]) + string)).join(''),
  );
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return escape(String(part));
}

/**
 * Text for elements and quoted attributes. Characters that a page shows as nothing or that turn the reading direction are
 * made visible: a name must not look like another.
 */
export function escape(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Cf}|\p{Surrogate}/gu, '\ufffd')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
      .replace(/'/g, '&#39;')
  );
}

/** A link to a web page; anything but http and https is shown as its text. */
export function link(url: string | undefined, text: Part): Html {
  const target = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !['http:', 'https:'].includes(target.protocol)) return markup`${text}`;
  return markup`<a href="${target.href}" rel="noopener noreferrer">${text}</a>`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** An RFC 3339 time as `21 Nov 2026, 03:44 UTC`. */
export function time(at: string): Html {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return markup`${at}`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const text = `${date.getUTCDate()} ${months[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`;
  return markup`<time datetime="${date.toISOString()}">${text}</time>`;
}
