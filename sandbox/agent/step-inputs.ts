import { resolve } from 'node:path';
import { expandMacros } from './macro.ts';
import { isGuid, type ServiceConnection } from './service-connection.ts';
import type { TaskDefinition, TaskInput } from './task-definition.ts';

export interface StepSurroundings {
  readonly variable: (name: string) => string | undefined;
  /** The agent's own environment, looked at after the variables. */
  readonly environment: Readonly<Record<string, string>>;
  readonly serviceConnections: readonly ServiceConnection[];
  /** Where relative file paths start. */
  readonly root: string;
}

export interface StepInputs {
  /** By the name in task.json. */
  readonly values: ReadonlyMap<string, string>;
  /** The connections that the inputs name. */
  readonly connections: readonly ServiceConnection[];
}

/**
 * What the service does when it compiles the step (aliases to names, connection names to ids, unknown inputs refused)
 * and what the agent does before it starts the task (defaults, trimming, macros, file paths). Agent: TaskRunner.cs.
 * @throws Error an input that the task does not have, a required one that is missing, an unknown connection
 */
export function prepareInputs(
  definition: TaskDefinition,
  given: Readonly<Record<string, string>>,
  surroundings: StepSurroundings,
): StepInputs {
  const known = definition.inputs ?? [];
  const values = new Map(known.map((input) => [input.name, String(input.defaultValue ?? '').trim()]));
  for (const [key, value] of Object.entries(given)) {
    const lower = key.trim().toLowerCase();
    const input = known.find(({ name, aliases = [] }) =>
      [name, ...aliases].some((each) => each.toLowerCase() === lower),
    );
    if (input === undefined) throw new Error(`${definition.name} has no input ${key}`);
    values.set(input.name, value.trim());
  }

  const connections = new Map<string, ServiceConnection>();
  for (const input of known) {
    const raw = values.get(input.name) ?? '';
    // Without a visible rule a required input is required; with one it depends on what else was chosen.
    if (input.required === true && input.visibleRule === undefined && raw === '') {
      throw new Error(`${definition.name} requires the input ${input.name}`);
    }
    const ofVariables = expandMacros(raw, surroundings.variable);
    const value = expandMacros(ofVariables, (name) => surroundings.environment[name]);
    if (input.type.toLowerCase() === 'filepath') {
      values.set(input.name, value === '' ? surroundings.root : resolve(surroundings.root, value));
    } else if (input.type.startsWith('connectedService:')) {
      const ids = listed(value).map((each) => {
        const connection = findConnection(input, each, surroundings.serviceConnections);
        if (connection !== undefined) connections.set(connection.id.toLowerCase(), connection);
        return connection?.id.toLowerCase() ?? each;
      });
      values.set(input.name, ids.join(','));
    } else {
      values.set(input.name, value);
    }
  }
  return { values, connections: [...connections.values()] };
}

function listed(value: string): readonly string[] {
  return value
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/**
 * By name or id. One that is not there stays as it is written: so it reaches a task whose connection's name came from a
 * variable at run time, too late to be resolved.
 */
function findConnection(
  input: TaskInput,
  wanted: string,
  all: readonly ServiceConnection[],
): ServiceConnection | undefined {
  const found = all.find(({ id, name }) =>
    [id, name].some((each) => each.toLowerCase() === wanted.toLowerCase()),
  );
  if (found === undefined) return undefined;
  if (!isGuid(found.id))
    throw new Error(`Service connection ${found.name} has the id ${found.id}, not a GUID`);
  const type = input.type.slice('connectedService:'.length).split(':')[0] ?? '';
  if (found.type.toLowerCase() !== type.toLowerCase()) {
    throw new Error(
      `Input ${input.name} takes a connection of type ${type}; ${found.name} is of ${found.type}`,
    );
  }
  return found;
}
