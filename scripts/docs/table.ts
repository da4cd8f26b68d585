/** A Markdown table. */
export function format(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const cells = [head, ...rows].map((row) => row.map(escape));
  return [lineOf(cells[0] ?? []), lineOf(head.map(() => '---')), ...cells.slice(1).map((row) => lineOf(row))];
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function escape(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
}
