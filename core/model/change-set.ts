import { formatFieldChange, type FieldChange } from './field-diff.ts';
import { formatObject, type KubernetesObject } from './kubernetes-object.ts';
import type { ManifestObject } from './manifest-object.ts';
import type { Action } from './release.ts';

/** What becomes of one object. */
export interface Change {
  readonly action: Action;
  readonly manifest: ManifestObject;
  /** The object as it is in the cluster before the deployment. */
  readonly live?: KubernetesObject;
  readonly fields: readonly FieldChange[];
  /** Why the server could not be asked about it beforehand. */
  readonly unchecked?: string;
  /** The live object is deleted first. */
  readonly replaces?: boolean;
  /** Managers whose fields are taken over. */
  readonly takesOverFrom?: readonly string[];
  readonly warnings: readonly string[];
}

/** An object that the deployment removes. */
export interface Removal {
  readonly live: KubernetesObject;
}

/** What a deployment is going to do, in the order in which it does it. */
export interface ChangeSet {
  readonly changes: readonly Change[];
  readonly removals: readonly Removal[];
}

const signs: Readonly<Record<Action, string>> = {
  created: '+',
  configured: '~',
  unchanged: '=',
  skipped: '.',
  deleted: '-',
};

/** How many objects change: what `diff` reports. */
export function countChanges(set: ChangeSet): number {
  return (
    set.changes.filter((change) => change.action === 'created' || change.action === 'configured').length +
    set.removals.length
  );
}

/** The plan as a person reads it: one line per object that changes, its fields below it, unchanged ones counted. */
export function formatChangeSet(set: ChangeSet): readonly string[] {
  const lines: string[] = [];
  for (const change of set.changes) {
    if (change.action === 'unchanged') continue;
    const { object, origin } = change.manifest;
    const notes = [
      ...(change.unchecked === undefined ? [] : [change.unchecked]),
      ...(change.replaces === true ? ['replaces the one that is there'] : []),
      ...(change.takesOverFrom === undefined
        ? []
        : [`takes fields over from ${change.takesOverFrom.join(', ')}`]),
    ];
    lines.push(
      `${signs[change.action]} ${formatObject(object)}  ${origin}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`,
    );
    for (const field of change.fields) lines.push(`    ${formatFieldChange(field)}`);
  }
  for (const removal of set.removals) lines.push(`${signs.deleted} ${formatObject(removal.live)}`);
  lines.push(summarize(set));
  return lines;
}

/** `3 created, 1 configured, 12 unchanged` */
export function summarize(set: ChangeSet): string {
  const counts = (['created', 'configured', 'unchanged', 'skipped'] as const)
    .map((action) => [action, set.changes.filter((change) => change.action === action).length] as const)
    .concat([['deleted' as 'skipped', set.removals.length]])
    .filter(([, count]) => count > 0)
    .map(([action, count]) => `${count} ${action}`);
  return counts.length === 0 ? 'nothing to do' : counts.join(', ');
}
