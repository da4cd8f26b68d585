import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Fields } from './fields.ts';
import { PipelineRefused, type Place } from './refusal.ts';
import { expand, type Names } from './template.ts';
import { parseTree, textOf, type Entry, type Mapping, type Tree } from './tree.ts';
import type { Value } from './evaluation.ts';

/** Opens the files of one repository, the root pipeline and its templates, and resolves `${{ }}` in them. */
export class Source {
  readonly #root: string;

  /** @param root the repository's folder; messages name files relative to it */
  constructor(root: string) {
    this.#root = path.resolve(root);
  }

  /** @param file relative to the repository's root */
  open(file: string, given: readonly Entry[], from?: Place): Fields {
    const full = path.join(this.#root, file);
    const name = path.relative(this.#root, full).split(path.sep).join('/');
    if (name.startsWith('..') || !existsSync(full)) {
      throw new PipelineRefused(
        from ?? { file: name, line: 1 },
        `there is no file ${name} in the repository`,
      );
    }
    const document = parseTree(readFileSync(full, 'utf8'), name);
    if (document.kind !== 'mapping') throw new PipelineRefused(document.at, 'the file must be a mapping');
    const parameters = bind(document, given, from ?? document.at);
    const names: Names = new Map<string, Value>([['parameters', parameters]]);
    const rest = document.entries.filter((entry) => entry.key !== 'parameters');
    return Fields.of(expand({ ...document, entries: rest }, names), name);
  }

  /** Opens the template that an item `- template: path` names, with the item's parameters. */
  template(item: Fields, key: 'stages' | 'jobs' | 'steps' | 'variables'): readonly Tree[] {
    const written = item.text('template');
    const at = item.placeOf('template');
    const parameters = item.tree('parameters');
    item.close();
    if (parameters !== undefined && parameters.kind !== 'mapping') {
      throw new PipelineRefused(parameters.at, '"parameters" must be a mapping');
    }
    const [file = '', repository = 'self'] = written.split('@');
    if (repository !== 'self') {
      throw new PipelineRefused(at, `templates of another repository (@${repository}) are not in the subset`);
    }
    // A template's path starts at the file that names it; with a leading slash, at the repository's root.
    const resolved = file.startsWith('/') ? file.slice(1) : path.join(path.dirname(at.file), file);
    const opened = this.open(resolved, parameters?.entries ?? [], at);
    if (!opened.has(key))
      throw new PipelineRefused(at, `${file} has no "${key}": it cannot stand in a list of ${key}`);
    const items = opened.list(key);
    opened.close();
    return items;
  }
}

const types = ['string', 'number', 'boolean', 'object', 'stepList'] as const;

/** Binds given parameters to those that the document declares, with types, defaults and allowed values checked. */
function bind(document: Mapping, given: readonly Entry[], from: Place): Mapping {
  const declared = document.entries.find((entry) => entry.key === 'parameters')?.value;
  const items = declared === undefined ? [] : listOf(declared);
  const bound = items.map((item): Entry => {
    const fields = Fields.of(item, 'a parameter');
    const name = fields.text('name');
    const type = fields.optionalText('type') ?? 'string';
    const fallback = fields.tree('default');
    const values = fields.texts('values');
    fields.optionalText('displayName');
    fields.close();
    const known = types.find((candidate) => candidate === type);
    if (known === undefined) {
      throw new PipelineRefused(
        fields.placeOf('type'),
        `the type ${type} is not in the subset: ${types.join(', ')}`,
      );
    }
    const argument = given.find((entry) => entry.key === name);
    const tree = argument?.value ?? fallback;
    if (tree === undefined) throw new PipelineRefused(from, `the parameter "${name}" is missing`);
    const value = typed(tree, known, name);
    if (values !== undefined && !(value.kind === 'scalar' && values.includes(textOf(value.value)))) {
      throw new PipelineRefused(tree.at, `the parameter "${name}" must be one of ${values.join(', ')}`);
    }
    return { key: name, at: argument?.at ?? item.at, value };
  });
  const stranger = given.find((entry) => !bound.some((other) => other.key === entry.key));
  if (stranger !== undefined) {
    throw new PipelineRefused(stranger.at, `there is no parameter "${stranger.key}" in ${document.at.file}`);
  }
  return { kind: 'mapping', at: document.at, entries: bound };
}

function listOf(tree: Tree): readonly Tree[] {
  if (tree.kind === 'list') return tree.items;
  throw new PipelineRefused(tree.at, '"parameters" must be a list of name, type and default');
}

function typed(tree: Tree, type: (typeof types)[number], name: string): Tree {
  const refuse = (): never => {
    throw new PipelineRefused(tree.at, `the parameter "${name}" must be a ${type}`);
  };
  if (type === 'object') return tree;
  if (type === 'stepList') return tree.kind === 'list' ? tree : refuse();
  if (tree.kind !== 'scalar') return refuse();
  const text = textOf(tree.value);
  switch (type) {
    case 'string':
      return { ...tree, value: text };
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? { ...tree, value: Number(text) } : refuse();
    case 'boolean':
      return /^(true|false)$/i.test(text) ? { ...tree, value: text.toLowerCase() === 'true' } : refuse();
  }
}

/** Parameters of the root pipeline, as a person gives them when queueing a run. */
export function givenParameters(values: Readonly<Record<string, string | boolean>>): readonly Entry[] {
  const at: Place = { file: 'run parameters', line: 1 };
  return Object.entries(values).map(([key, value]) => ({ key, at, value: { kind: 'scalar', value, at } }));
}
