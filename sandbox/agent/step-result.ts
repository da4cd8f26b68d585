import type { TaskRunResult } from './task-run.ts';

/** The agent's names, in its order of badness; it takes the numbers too. Agent: TaskResult, Enum.TryParse. */
const names = ['Succeeded', 'SucceededWithIssues', 'Failed', 'Canceled', 'Skipped', 'Abandoned'] as const;

export type AgentResult = (typeof names)[number];

/** Case-sensitive: `Cancelled` and `succeeded` are none. */
export function parseResult(text: string): AgentResult | undefined {
  return names.find((name, index) => name === text || String(index) === text);
}

/** The worse of both; what is worse than Failed stays what it is. Agent: TaskResultUtil.cs, MergeTaskResults. */
export function mergeResults(current: AgentResult | undefined, coming: AgentResult): AgentResult {
  if (current === undefined) return coming;
  const rank = names.indexOf(current);
  return rank > names.indexOf('Failed') || rank > names.indexOf(coming) ? current : coming;
}

export function resultOf(result: AgentResult): TaskRunResult {
  switch (result) {
    case 'Succeeded':
      return 'succeeded';
    case 'SucceededWithIssues':
      return 'succeededWithIssues';
    case 'Canceled':
      return 'canceled';
    case 'Skipped':
      return 'skipped';
    case 'Failed':
    case 'Abandoned':
      return 'failed';
  }
}
