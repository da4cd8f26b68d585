import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { KnownInput, KnownTask } from './pipeline.ts';

/** What a pipeline may refer to by name. */
export interface Catalog {
  task(name: string, major: number): KnownTask | undefined;
  /** `AksDeploy@1`, for messages. */
  readonly taskNames: readonly string[];
  /** Names of service connections. */
  readonly connections: ReadonlySet<string>;
}

/** The tasks of a folder that holds one built task per sub-folder. */
export function readCatalog(folder: string, connections: Iterable<string>): Catalog {
  const tasks = readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter((directory) => existsSync(path.join(directory, 'task.json')))
    .map(readTask);
  return {
    task: (name, major) =>
      tasks.find((task) => task.name.toLowerCase() === name.toLowerCase() && task.major === major),
    taskNames: tasks.map((task) => `${task.name}@${task.major}`),
    connections: new Set(connections),
  };
}

interface TaskJson {
  readonly name: string;
  readonly version: { readonly Major: number | string };
  readonly inputs?: readonly {
    readonly name: string;
    readonly type: string;
    readonly aliases?: readonly string[];
    readonly required?: boolean;
    readonly defaultValue?: unknown;
    readonly visibleRule?: string;
  }[];
}

function readTask(directory: string): KnownTask {
  // Our own file, held to its schema by the tests of the tasks.
  const json = JSON.parse(readFileSync(path.join(directory, 'task.json'), 'utf8')) as TaskJson;
  const inputs = (json.inputs ?? []).map((input): KnownInput => ({
    name: input.name,
    aliases: input.aliases ?? [],
    type: input.type,
    required: input.required === true,
    hasDefault: input.defaultValue !== undefined && input.defaultValue !== '',
    conditional: input.visibleRule !== undefined,
  }));
  return { name: json.name, major: Number(json.version.Major), directory, inputs };
}
