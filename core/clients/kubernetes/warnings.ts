/**
 * The texts of `Warning: 299 - "text"` headers (RFC 7234, section 5.5). Node joins several headers with a comma, and a
 * text may hold commas itself, so quoted strings are what is looked for.
 */
export function warningsOf(header: string | string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  const text = Array.isArray(header) ? header.join(', ') : header;
  return [...text.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replace(/\\(.)/g, '$1'),
  );
}
