/** The `rel="next"` target of a `Link` header (RFC 8288), as it stands: relative or absolute. */
export function nextLink(header: string | undefined): string | undefined {
  const found = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(header ?? '');
  return found?.[1];
}
