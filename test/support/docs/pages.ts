import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const checkout = resolve(import.meta.dirname, '../../..');

/** The pages that people read, by their path in the checkout. */
export const pages: readonly string[] = [
  'README.md',
  'overview.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(checkout, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export function textOf(page: string): string {
  return readFileSync(join(checkout, page), 'utf8');
}

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** Of its first line, from one. */
  readonly line: number;
}

export function codeBlocksOf(text: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const open = /^(\s*)```(\w*)/.exec(lines[at] ?? '');
    if (open === null) continue;
    const indent = open[1] ?? '';
    const first = at + 1;
    at = lines.findIndex((line, index) => index >= first && line.trim() === '```');
    if (at < 0) throw new Error(`a code block that begins at line ${first} does not end`);
    const body = lines.slice(first, at).map((line) => line.slice(indent.length));
    blocks.push({ language: open[2] ?? '', text: body.join('\n'), line: first + 1 });
  }
  return blocks;
}

export function withoutCode(text: string): string {
  return text.replaceAll(/^\s*```[\s\S]*?^\s*```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** The anchors that a page's headings have on GitHub and Azure DevOps. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.replaceAll(/^\s*```[\s\S]*?^\s*```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)];
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, title = ''] of headings) {
    const anchor = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  return anchors;
}
