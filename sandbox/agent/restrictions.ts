import type { Restrictions } from './task-definition.ts';

/** Agent: the CommandRestriction attributes in TaskCommandExtension.cs and TelemetryCommandExtension.cs. */
const allowedWhenRestricted: ReadonlySet<string> = new Set([
  'task.setvariable',
  'task.setsecret',
  'task.logissue',
  'task.issue',
  'task.complete',
  'task.setprogress',
  'task.debug',
  'task.logdetail',
  'task.settaskvariable',
  'task.prependpath',
  'telemetry.publish',
]);

export function isCommandAllowed(restrictions: Restrictions | undefined, command: string): boolean {
  return restrictions?.commands?.mode !== 'restricted' || allowedWhenRestricted.has(command);
}

/** No list allows all, an empty one none; entries are globs that ignore case. */
export function isVariableAllowed(restrictions: Restrictions | undefined, name: string): boolean {
  const allowed = restrictions?.settableVariables?.allowed;
  return allowed === undefined || allowed.some((pattern) => globOf(pattern).test(name));
}

function globOf(pattern: string): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 'i');
}
