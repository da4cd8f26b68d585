import { parseExpression } from './expression.ts';
import { Fields } from './fields.ts';
import type { Condition, Variable } from './pipeline.ts';
import { PipelineRefused, type Place } from './refusal.ts';
import type { Source } from './source.ts';
import type { Tree } from './tree.ts';

export function readCondition(fields: Fields): Condition | undefined {
  const text = fields.optionalText('condition');
  return text === undefined || text.trim() === ''
    ? undefined
    : conditionOf(text, fields.placeOf('condition'));
}

export function conditionOf(text: string, at: Place): Condition {
  try {
    return { expression: parseExpression(text), at };
  } catch (error) {
    throw new PipelineRefused(at, error instanceof Error ? error.message : String(error), error);
  }
}

/** `variables`: a mapping of names and values, or a list of name and value pairs and variable templates. */
export function readVariables(fields: Fields, source: Source): readonly Variable[] {
  const tree = fields.tree('variables');
  if (tree === undefined) return [];
  if (tree.kind === 'list') return tree.items.flatMap((item) => readItem(item, source));
  return fields.pairs('variables').map(({ key, value, at }) => variableOf(key, value, at));
}

function readItem(item: Tree, source: Source): readonly Variable[] {
  const fields = Fields.of(item, 'a variable');
  if (fields.has('template')) {
    return source.template(fields, 'variables').flatMap((inner) => readItem(inner, source));
  }
  const name = fields.text('name');
  const value = fields.optionalText('value') ?? '';
  fields.close();
  return [variableOf(name, value, fields.placeOf('value'))];
}

function variableOf(name: string, text: string, at: Place): Variable {
  const runtime = /^\$\[(.*)\]$/s.exec(text.trim());
  if (runtime === null) return { name, at, value: { kind: 'text', text } };
  return { name, at, value: { kind: 'runtime', of: conditionOf(runtime[1] ?? '', at) } };
}
