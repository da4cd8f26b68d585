/** What a token is asked for (distribution, "Token Scope Documentation"): `repository:shop/web:pull,push`. */
export type Scope = `repository:${string}:${string}`;

export function pullScope(path: string): Scope {
  return `repository:${path}:pull`;
}

export function pushScope(path: string): Scope {
  return `repository:${path}:pull,push`;
}

/** One name for one set of scopes, in whatever order it was asked for. */
export function scopeKey(scopes: readonly string[]): string {
  return [...new Set(scopes)].sort().join(' ');
}
