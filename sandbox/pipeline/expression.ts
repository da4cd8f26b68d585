/** An expression of Azure Pipelines, as `${{ }}`, `$[ ]` and `condition:` hold them. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly of: Expression; readonly key: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

type Token =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'word'; readonly value: string }
  | { readonly kind: 'mark'; readonly value: string };

/** @throws Error with what is wrong; the caller knows the place. */
export function parseExpression(source: string): Expression {
  const tokens = tokenize(source);
  let next = 0;

  const isMark = (value: string): boolean => {
    const token = tokens[next];
    return token?.kind === 'mark' && token.value === value;
  };
  const expect = (value: string): void => {
    if (!isMark(value)) throw new Error(`"${source.trim()}": expected "${value}"${found(tokens[next])}`);
    next += 1;
  };
  const listUntil = (end: string): Expression[] => {
    const items: Expression[] = [];
    if (!isMark(end)) {
      items.push(whole());
      while (isMark(',')) {
        next += 1;
        items.push(whole());
      }
    }
    expect(end);
    return items;
  };
  const first = (): Expression => {
    const token = tokens[next];
    if (token === undefined || token.kind === 'mark') {
      throw new Error(`"${source.trim()}": expected a value${found(token)}`);
    }
    next += 1;
    if (token.kind !== 'word') return { kind: 'literal', value: token.value };
    const literal = literals.get(token.value.toLowerCase());
    if (literal !== undefined) return { kind: 'literal', value: literal.value };
    if (!isMark('(')) return { kind: 'name', name: token.value };
    next += 1;
    return { kind: 'call', name: token.value, args: listUntil(')') };
  };
  const whole = (): Expression => {
    let value = first();
    for (;;) {
      if (isMark('[')) {
        next += 1;
        const key = whole();
        expect(']');
        value = { kind: 'member', of: value, key };
      } else if (isMark('.')) {
        next += 1;
        const name = tokens[next];
        if (name?.kind !== 'word') throw new Error(`"${source.trim()}": expected a name after "."`);
        next += 1;
        value = { kind: 'member', of: value, key: { kind: 'literal', value: name.value } };
      } else {
        return value;
      }
    }
  };

  const parsed = whole();
  if (next < tokens.length) throw new Error(`"${source.trim()}": nothing may follow${found(tokens[next])}`);
  return parsed;
}

const literals = new Map<string, { readonly value: boolean | null }>([
  ['true', { value: true }],
  ['false', { value: false }],
  ['null', { value: null }],
]);

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = /\s+|'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)(?![\w-])|([A-Za-z_][\w-]*)|([()[\],.])/gy;
  while (pattern.lastIndex < source.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(source);
    if (match === null) throw new Error(`"${source.trim()}": cannot read from "${source.slice(start)}"`);
    const [, text, number, word, mark] = match;
    if (text !== undefined) tokens.push({ kind: 'text', value: text.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: 'number', value: Number(number) });
    else if (word !== undefined) tokens.push({ kind: 'word', value: word });
    else if (mark !== undefined) tokens.push({ kind: 'mark', value: mark });
  }
  return tokens;
}

function found(token: Token | undefined): string {
  return token === undefined ? ', found its end' : `, found "${token.value}"`;
}
