import type { Masker } from './masker.ts';
import type { Issue } from './task-run.ts';

/** Issues of each type that reach the run's page. Agent: ExecutionContext.cs, _maxIssueCount. */
const timelineLimit = 10;

/** A step's log, masked as it is written, and its issues. Agent: ExecutionContext.cs. */
export class StepLog {
  readonly lines: string[] = [];
  readonly issues: Issue[] = [];
  readonly #masker: Masker;
  readonly #debug: boolean;
  readonly #onLine: (line: string) => void;

  constructor(masker: Masker, debug: boolean, onLine: (line: string) => void) {
    this.#masker = masker;
    this.#debug = debug;
    this.#onLine = onLine;
  }

  write(text: string): void {
    for (const line of this.#masker.mask(text).split(/\r\n|\r|\n/)) {
      this.lines.push(line);
      this.#onLine(line);
    }
  }

  section(text: string): void {
    this.write(`##[section]${text}`);
  }

  /** Kept only when the run has System.Debug. */
  debug(text: string): void {
    if (this.#debug)
      this.write(
        text
          .split(/\r\n|\r|\n/)
          .map((line) => `##[debug]${line}`)
          .join('\n'),
      );
  }

  error(message: string): void {
    this.issue({ type: 'error', message });
  }

  warning(message: string): void {
    this.issue({ type: 'warning', message });
  }

  issue(issue: Omit<Issue, 'onTimeline'>): void {
    const before = this.issues.filter(({ type }) => type === issue.type).length;
    const message = this.#masker.mask(issue.message);
    if (message !== '') this.write(`##[${issue.type}]${issue.message}`);
    this.issues.push({ ...issue, message, onTimeline: before < timelineLimit });
  }
}
