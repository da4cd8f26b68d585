/** https://helm.sh/docs/topics/charts_hooks/#the-available-hooks, in the order they come in a release's life. */
export const hookEvents = [
  'pre-install',
  'post-install',
  'pre-upgrade',
  'post-upgrade',
  'pre-rollback',
  'post-rollback',
  'pre-delete',
  'post-delete',
  'test',
] as const;

export type HookEvent = (typeof hookEvents)[number];

/** https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies */
export const hookDeletePolicies = ['before-hook-creation', 'hook-succeeded', 'hook-failed'] as const;

export type HookDeletePolicy = (typeof hookDeletePolicies)[number];

/** An object that Helm applies at a moment of the release's life and does not count among its objects. */
export interface HelmHook {
  readonly kind: string;
  readonly name: string;
  /** The template, below the chart's name: "shop/templates/migrate.yaml". */
  readonly path: string;
  /** One YAML document. */
  readonly manifest: string;
  readonly events: readonly HookEvent[];
  /** Lower goes first; 0 by default. */
  readonly weight: number;
  /** Never empty: Helm takes `before-hook-creation` where a chart says nothing. */
  readonly deletePolicies: readonly HookDeletePolicy[];
}

/** The hooks of an event in the order Helm executes them: by weight, then by name, else as they were. */
export function hooksOf(hooks: readonly HelmHook[], event: HookEvent): readonly HelmHook[] {
  return hooks
    .filter((hook) => hook.events.includes(event))
    .sort((one, other) => one.weight - other.weight || compare(one.name, other.name));
}

/** Unknown policies are left out, as Helm does nothing for them. */
export function readPolicies(texts: readonly string[]): readonly HookDeletePolicy[] {
  if (texts.length === 0) return ['before-hook-creation'];
  return hookDeletePolicies.filter((policy) => texts.includes(policy));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
