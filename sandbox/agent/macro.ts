/**
 * Replaces `$(name)` by the name's value, once: what a value brings in is not looked at again, and a name without a
 * value stays as it is written. Agent: VarUtil.cs, ExpandValues.
 */
export function expandMacros(text: string, lookup: (name: string) => string | undefined): string {
  let expanded = text;
  let position = 0;
  while (position < expanded.length) {
    const start = expanded.indexOf('$(', position);
    if (start < 0) break;
    const end = expanded.indexOf(')', start + 2);
    if (end < 0) break;
    const value = end > start + 2 ? lookup(expanded.slice(start + 2, end)) : undefined;
    if (value === undefined) {
      position = start + 1;
    } else {
      expanded = expanded.slice(0, start) + value + expanded.slice(end + 1);
      position = start + value.length;
    }
  }
  return expanded;
}
