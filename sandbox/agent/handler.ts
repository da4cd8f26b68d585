import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskDefinition } from './task-definition.ts';

/** The agent's order of preference, first wins; there is no handler for Node 22. Agent: TaskManager.cs. */
const preference = ['Node24', 'Node20_1', 'Node16', 'Node10', 'Node'];

export interface Handler {
  readonly name: string;
  /** The file to start, absolute. */
  readonly target: string;
  readonly workingDirectory: string | undefined;
}

/**
 * The handler that an agent takes. Which Node then runs it is the agent's own decision: a task of Node24 still runs on
 * Node 20 unless the organization has turned Node 24 on (NodeHandler.cs), so a task must run on both.
 * @throws Error no handler that an agent knows, or its file is missing
 */
export function chooseHandler(definition: TaskDefinition, taskDirectory: string): Handler {
  const name = preference.find((each) => definition.execution[each] !== undefined);
  const data = name === undefined ? undefined : definition.execution[name];
  if (name === undefined || data === undefined) {
    throw new Error(`A supported task execution handler was not found in ${definition.name}`);
  }
  const target = join(taskDirectory, data.target);
  if (!existsSync(target))
    throw new Error(`Handler ${name} of ${definition.name} names ${target}, which does not exist`);
  return { name, target, workingDirectory: data.workingDirectory };
}
