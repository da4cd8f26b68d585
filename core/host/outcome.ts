import { messageOf, type DeliveryError } from '../model/errors.ts';

/** What a failed task tells: the issue (its first line is the whole story), the result's message, the debug log. */
export interface Failure {
  readonly issue: string;
  readonly message: string;
  readonly debug: readonly string[];
}

export function describeFailure(error: DeliveryError): Failure {
  const message = `${error.code}: ${error.message}`;
  const issue = error.hint === undefined ? message : `${message}\n${error.hint}`;
  return { issue, message, debug: causesOf(error) };
}

export function describeDefect(thrown: unknown): Failure {
  const message = `Internal error: ${messageOf(thrown)}`;
  const issue =
    `${message}\nThis is a defect of the task, not of your pipeline. Run it again with System.Debug set to true and ` +
    "report it with that log on the extension's Marketplace page (Q & A).";
  const stack = thrown instanceof Error && thrown.stack !== undefined ? [thrown.stack] : [];
  return { issue, message, debug: [...stack, ...causesOf(thrown)] };
}

/** "caused by" lines, outermost first; a chain that runs in a circle ends. */
function causesOf(thrown: unknown): readonly string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  let cause = thrown instanceof Error ? thrown.cause : undefined;
  while (cause !== undefined && !seen.has(cause)) {
    seen.add(cause);
    lines.push(`caused by ${cause instanceof Error ? (cause.stack ?? cause.message) : messageOf(cause)}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}
