/**
 * A file pattern as the pipeline's other tasks read it: `*` and `?` within a folder, `**` across folders, `[a-z]`,
 * `{a,b}`. Paths are compared with forward slashes.
 */
export function globToRegExp(pattern: string): RegExp {
  let text = '';
  let braces = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    switch (character) {
      case '*':
        if (pattern.charAt(at + 1) === '*') {
          at += 1;
          if (pattern.charAt(at + 1) === '/') {
            at += 1;
            text += '(?:[^/]*/)*';
          } else text += '.*';
        } else text += '[^/]*';
        break;
      case '?':
        text += '[^/]';
        break;
      case '[': {
        const end = pattern.indexOf(']', at + 2);
        if (end < 0) text += '\\[';
        else {
          const inside = pattern.slice(at + 1, end).replace(/\\/g, '\\\\');
          text += `[${inside.startsWith('!') ? `^${inside.slice(1)}` : inside}]`;
          at = end;
        }
        break;
      }
      case '{':
        braces += 1;
        text += '(?:';
        break;
      case '}':
        if (braces > 0) {
          braces -= 1;
          text += ')';
        } else text += '\\}';
        break;
      case ',':
        text += braces > 0 ? '|' : ',';
        break;
      default:
        text += character.replace(/[\\^$.|+()]/g, '\\$&');
    }
  }
  return new RegExp(`^${text}${')'.repeat(braces)}$`);
}

export function isGlob(text: string): boolean {
  return /[*?{}[\]]/.test(text);
}

/** The folder above the first wildcard: where looking begins. */
export function globRoot(pattern: string): string {
  const fixed = pattern.slice(0, pattern.search(/[*?{[]/));
  return fixed.slice(0, fixed.lastIndexOf('/') + 1);
}
