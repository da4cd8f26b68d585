import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

/** What a task's code says to the agent by name, found in its source: its own files and those in tasks/ it imports. */
export interface TaskSource {
  /** Inputs that it reads. */
  readonly read: ReadonlySet<string>;
  /** Every text that it hands to a function: an input may be read through one of its own. */
  readonly handed: ReadonlySet<string>;
  /** Input -> the values that it chooses among. */
  readonly choices: ReadonlyMap<string, ReadonlySet<string>>;
  /** Outputs that it sets; a name that is put together has `*` for what varies. */
  readonly outputs: ReadonlySet<string>;
}

const tasks = resolve(import.meta.dirname, '../../tasks');

const readers: ReadonlySet<string> = new Set([
  'text',
  'required',
  'flag',
  'lines',
  'oneOf',
  'integer',
  'duration',
  'path',
  'parsed',
  'azureResourceManager',
  'containerRegistry',
  'kubernetes',
]);

export function readTaskSource(task: string): TaskSource {
  const read = new Set<string>();
  const handed = new Set<string>();
  const choices = new Map<string, Set<string>>();
  const outputs = new Set<string>();
  for (const file of filesOf(join(tasks, task, 'index.ts'))) {
    const source = parse(file);
    visit(source, (node) => {
      if (!ts.isCallExpression(node)) return;
      const texts = node.arguments.map(textOf);
      for (const text of texts) if (text !== undefined) handed.add(text);
      const [name] = texts;
      if (name === undefined || !ts.isPropertyAccessExpression(node.expression)) return;
      const method = node.expression.name.text;
      if (method === 'setOutput') outputs.add(name);
      if (!readers.has(method) || !/\b(inputs|connections)$/.test(node.expression.expression.getText()))
        return;
      read.add(name);
      const values = node.arguments[1];
      if (method !== 'oneOf' || values === undefined) return;
      const known = choices.get(name) ?? new Set();
      for (const value of listOf(values, source)) known.add(value);
      choices.set(name, known);
    });
  }
  return { read, handed, choices, outputs };
}

function filesOf(entry: string): readonly string[] {
  const found = new Set<string>();
  const follow = (file: string): void => {
    if (found.has(file) || relative(tasks, file).startsWith('..') || !existsSync(file)) return;
    found.add(file);
    visit(parse(file), (node) => {
      if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) return;
      if (node.moduleSpecifier.text.startsWith('.'))
        follow(resolve(dirname(file), node.moduleSpecifier.text));
    });
  };
  follow(entry);
  return [...found];
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2023, true);
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  node.forEachChild((child) => {
    visit(child, see);
  });
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map((span) => `*${span.literal.text}`)].join('');
}

/** The texts of `['a', 'b']`, of `['a', 'b'] as const`, and of a constant of the file that is one. */
function listOf(node: ts.Expression, source: ts.SourceFile): readonly string[] {
  if (ts.isAsExpression(node)) return listOf(node.expression, source);
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap((element) => textOf(element) ?? []);
  const values: string[] = [];
  visit(source, (each) => {
    if (!ts.isVariableDeclaration(each) || each.initializer === undefined) return;
    if (ts.isIdentifier(node) && each.name.getText() === node.text)
      values.push(...listOf(each.initializer, source));
  });
  return values;
}
