/** Query parameters that name things and never hold a secret. Every other value is left out of what people read. */
const shownParameters = new Set([
  'account',
  'api-version',
  'artifactType',
  'digest',
  'from',
  'last',
  'mount',
  'n',
  'scope',
  'service',
]);

/** The URL as it may be printed: no user information, no fragment, and query values by an allow-list. */
export function redactUrl(url: URL | string): string {
  let shown: URL;
  try {
    shown = new URL(url);
  } catch {
    return '(not a URL)';
  }
  shown.username = '';
  shown.password = '';
  shown.hash = '';
  for (const name of new Set(shown.searchParams.keys())) {
    if (!shownParameters.has(name)) shown.searchParams.set(name, 'REDACTED');
  }
  return shown.toString();
}
