import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';

/** A task.json, as far as an agent looks into it. */
export interface TaskDefinition {
  readonly id: string;
  readonly name: string;
  readonly friendlyName: string;
  readonly description: string;
  readonly author: string;
  readonly helpMarkDown?: string;
  readonly version: { readonly Major: number; readonly Minor: number; readonly Patch: number };
  readonly minimumAgentVersion?: string;
  readonly instanceNameFormat: string;
  readonly groups?: readonly { readonly name: string; readonly visibleRule?: string }[];
  readonly inputs?: readonly TaskInput[];
  readonly dataSourceBindings?: readonly {
    readonly target: string;
    readonly endpointId: string;
    readonly endpointUrl?: string;
  }[];
  readonly outputVariables?: readonly { readonly name: string; readonly description: string }[];
  readonly restrictions?: Restrictions;
  readonly execution: Readonly<
    Record<string, { readonly target: string; readonly workingDirectory?: string }>
  >;
}

export interface TaskInput {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly type: string;
  readonly label: string;
  readonly defaultValue?: string | boolean;
  readonly required?: boolean;
  readonly groupName?: string;
  readonly visibleRule?: string;
  readonly helpMarkDown?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string | boolean>>;
}

export interface Restrictions {
  readonly commands?: { readonly mode: 'any' | 'restricted' };
  readonly settableVariables?: { readonly allowed: readonly string[] };
}

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, 'task-definition.schema.json'), 'utf8'),
) as object;
const matchesSchema = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<TaskDefinition>(schema);

/**
 * Reads and checks `<directory>/task.json`.
 * @throws Error with everything that is wrong with it
 */
export function readTaskDefinition(directory: string): TaskDefinition {
  const path = join(directory, 'task.json');
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  const problems = checkTaskDefinition(parsed);
  if (problems.length > 0) throw new Error(`${path} is not valid:\n  ${problems.join('\n  ')}`);
  return parsed as TaskDefinition;
}

/** What the service, tfx or a person would stumble over: the schema's findings, else those between the fields. */
export function checkTaskDefinition(definition: unknown): readonly string[] {
  if (!matchesSchema(definition)) {
    return (matchesSchema.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath || '/'} ${message ?? ''} ${JSON.stringify(params)}`,
    );
  }
  return [...checkInputs(definition), ...checkBindings(definition)];
}

function checkInputs({ inputs = [], groups = [] }: TaskDefinition): readonly string[] {
  const problems: string[] = [];
  const names = inputs
    .flatMap((input) => [input.name, ...(input.aliases ?? [])])
    .map((name) => name.toLowerCase());
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  for (const name of new Set(twice)) problems.push(`input name or alias ${name} is used twice`);
  for (const input of inputs) {
    if (input.groupName !== undefined && !groups.some(({ name }) => name === input.groupName)) {
      problems.push(`input ${input.name} is in the unknown group ${input.groupName}`);
    }
    const editable = input.properties?.['EditableOptions'] === 'True';
    if (input.type === 'pickList' && input.options === undefined && !editable) {
      problems.push(`pick list ${input.name} has neither options nor EditableOptions`);
    }
    const known =
      input.options === undefined || editable || Object.hasOwn(input.options, String(input.defaultValue));
    if (input.defaultValue !== undefined && !known) {
      problems.push(`default of ${input.name} is none of its options`);
    }
  }
  for (const { name, visibleRule } of [...inputs, ...groups]) {
    for (const other of namesInRule(visibleRule ?? '')) {
      if (!inputs.some((input) => input.name === other)) {
        problems.push(`visible rule of ${name} asks for the unknown input ${other}`);
      }
    }
  }
  return problems;
}

/** `a = x && b != y || c NotEndsWith z` asks for a, b and c. */
function namesInRule(rule: string): readonly string[] {
  return rule
    .split(/&&|\|\|/)
    .map(
      (term) =>
        term.trim().split(/\s*(?:==|!=|=|\s(?:Not)?(?:EndsWith|StartsWith|Contains|In)\s)\s*/)[0] ?? '',
    )
    .filter((name) => name !== '');
}

function checkBindings({ inputs = [], dataSourceBindings = [] }: TaskDefinition): readonly string[] {
  const problems: string[] = [];
  const has = (name: string): boolean => inputs.some((input) => input.name === name);
  for (const { target, endpointId, endpointUrl } of dataSourceBindings) {
    if (!has(target)) problems.push(`data source for the unknown input ${target}`);
    for (const [, name = ''] of `${endpointId} ${endpointUrl ?? ''}`.matchAll(/\$\(([^)]+)\)/g)) {
      if (!has(name)) problems.push(`data source of ${target} asks for the unknown input ${name}`);
    }
  }
  return problems;
}
