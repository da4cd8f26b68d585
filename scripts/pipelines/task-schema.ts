import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface TaskJson {
  readonly name: string;
  readonly friendlyName: string;
  readonly description: string;
  readonly version: { readonly Major: number };
  readonly inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly label: string;
    readonly aliases?: readonly string[];
    readonly required?: boolean;
    readonly defaultValue?: unknown;
    readonly visibleRule?: string;
    readonly options?: Readonly<Record<string, string>>;
  }[];
}

interface Arm {
  readonly [key: string]: unknown;
}

interface Schema {
  readonly definitions: {
    readonly task: {
      readonly anyOf: Arm[];
      readonly properties: { readonly task: { readonly anyOf: Arm[] } };
    };
  };
}

/** The schema with the tasks of a folder in it, in the form in which it has the built-in ones. */
export function addTasks(schema: object, folder: string): object {
  const complete = structuredClone(schema) as Schema;
  const { task } = complete.definitions;
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name, 'task.json');
    if (!existsSync(file)) continue;
    // Our own file, held to its schema by the tests of the tasks.
    const json = JSON.parse(readFileSync(file, 'utf8')) as TaskJson;
    const reference = `${json.name}@${json.version.Major}`;
    task.properties.task.anyOf.push({
      enum: [reference],
      ignoreCase: 'value',
      description: json.description,
    });
    task.anyOf.push(armOf(json, reference));
  }
  return complete;
}

function armOf(json: TaskJson, reference: string): Arm {
  const needed = json.inputs.filter(
    ({ required, defaultValue, visibleRule }) =>
      required === true && visibleRule === undefined && (defaultValue ?? '') === '',
  );
  return {
    properties: {
      task: {
        description: `${json.friendlyName}\n\n${json.description}`,
        ignoreCase: 'value',
        pattern: `^${reference}$`,
      },
      inputs: {
        description: `${json.friendlyName} inputs`,
        properties: Object.fromEntries(json.inputs.map((input) => [input.name, inputOf(input)])),
        additionalProperties: false,
        required: needed.map(({ name }) => name),
      },
    },
    doNotSuggest: true,
    firstProperty: ['task'],
    required: needed.length > 0 ? ['task', 'inputs'] : ['task'],
  };
}

function inputOf({ type, label, aliases, options }: TaskJson['inputs'][number]): Arm {
  const names = aliases === undefined ? {} : { aliases };
  // Pick lists that the service fills are free text in YAML; those with options of their own are not.
  if (options !== undefined)
    return { description: label, ignoreCase: 'all', enum: Object.keys(options), ...names };
  return {
    description: label,
    ignoreCase: 'key',
    type: type === 'boolean' || type === 'int' ? type.replace('int', 'integer') : 'string',
    ...names,
  };
}
