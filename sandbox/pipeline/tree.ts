import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node,
  type Scalar as YamlScalar,
} from 'yaml';
import { PipelineRefused, type Place } from './refusal.ts';

/** A YAML document as plain nodes that know where they stand. Azure Pipelines reads neither anchors nor tags. */
export type Tree = Scalar | List | Mapping;

export interface Scalar {
  readonly kind: 'scalar';
  /** Azure Pipelines keeps a plain scalar's text: `1.10` stays "1.10". Typed values come from parameters. */
  readonly value: string | number | boolean | null;
  readonly at: Place;
}

export interface List {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly at: Place;
}

export interface Mapping {
  readonly kind: 'mapping';
  readonly entries: readonly Entry[];
  readonly at: Place;
}

export interface Entry {
  readonly key: string;
  readonly at: Place;
  readonly value: Tree;
}

/** @param file how messages call the document */
export function parseTree(text: string, file: string): Tree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: 'core', merge: false });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const at = { file, line: lines.linePos(problem.pos[0]).line };
    throw new PipelineRefused(at, problem.message.split('\n')[0] ?? 'not YAML', problem);
  }
  const placeOf = (node: Node): Place => ({ file, line: lines.linePos(node.range?.[0] ?? 0).line });
  if (document.contents === null) throw new PipelineRefused({ file, line: 1 }, 'the file is empty');
  return convert(document.contents, placeOf);
}

function convert(node: Node, placeOf: (node: Node) => Place): Tree {
  const at = placeOf(node);
  if (isAlias(node)) throw new PipelineRefused(at, 'aliases are not read by Azure Pipelines');
  if ('anchor' in node && typeof node.anchor === 'string') {
    throw new PipelineRefused(at, 'anchors are not read by Azure Pipelines');
  }
  if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) {
    throw new PipelineRefused(at, `the tag ${node.tag} is not read by Azure Pipelines`);
  }
  if (isSeq<Node>(node)) {
    return { kind: 'list', at, items: node.items.map((item) => convert(item, placeOf)) };
  }
  if (isMap<Node, Node | null>(node)) {
    return { kind: 'mapping', at, entries: node.items.map((pair) => entryOf(pair.key, pair.value, placeOf)) };
  }
  if (isScalar(node)) return { kind: 'scalar', at, value: node.value === null ? null : sourceOf(node) };
  throw new PipelineRefused(at, 'this YAML construct is not read');
}

function entryOf(key: Node, value: Node | null, placeOf: (node: Node) => Place): Entry {
  const at = placeOf(key);
  if (!isScalar(key)) throw new PipelineRefused(at, 'a key must be text');
  const tree: Tree = value === null ? { kind: 'scalar', value: null, at } : convert(value, placeOf);
  return { key: sourceOf(key), at, value: tree };
}

function sourceOf(scalar: YamlScalar): string {
  return scalar.source ?? '';
}

/** A scalar's text as Azure Pipelines writes it: `True` for a boolean, nothing for null. */
export function textOf(value: Scalar['value']): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? '' : String(value);
}

/** The node as plain data, for messages and for task inputs of type object. */
export function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map(plain);
    case 'mapping':
      return Object.fromEntries(tree.entries.map((entry) => [entry.key, plain(entry.value)]));
  }
}
