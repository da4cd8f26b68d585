import type { AgentLog, IssueLocation } from './agent.ts';
import { neutralLine, neutralLines } from './neutral.ts';
import type { AgentSdk } from './sdk.ts';

/** The log over the agent's standard output and its issue commands: see AgentLog. */
export class CommandLog implements AgentLog {
  readonly #sdk: Pick<AgentSdk, 'command'>;
  readonly #print: (line: string) => void;
  readonly #redact: (text: string) => string;

  /**
   * @param print writes one line to standard output as it is
   * @param redact takes known secrets out, so that nothing hangs on the agent's own masking
   */
  constructor(
    sdk: Pick<AgentSdk, 'command'>,
    print: (line: string) => void,
    redact: (text: string) => string,
  ) {
    this.#sdk = sdk;
    this.#print = print;
    this.#redact = redact;
  }

  /** A section, not a group: the web page folds groups away, and a phase is what people look for. */
  phase(title: string): void {
    this.#print(`##[section]${this.#clean(title).join(' ')}`);
  }

  line(text: string): void {
    for (const line of this.#clean(text)) this.#print(line);
  }

  block(title: string, lines: Iterable<string>): void {
    this.#print(`##[group]${this.#clean(title).join(' ')}`);
    for (const line of lines) this.line(line);
    this.#print('##[endgroup]');
  }

  warning(text: string, location?: IssueLocation): void {
    this.#issue('warning', text, location);
  }

  error(text: string, location?: IssueLocation): void {
    this.#issue('error', text, location);
  }

  debug(text: string): void {
    this.#sdk.command('task.debug', {}, this.#clean(text).join('\n'));
  }

  progress(percent: number, operation: string): void {
    const value = Math.round(Math.min(Math.max(percent, 0), 100));
    this.#sdk.command('task.setprogress', { value: String(value) }, this.#clean(operation).join(' '));
  }

  /**
   * A command's data is safe from injection by itself (the agent obeys the first marker of a line), yet the agent
   * prints it again, and whoever copies that line into another step's output would carry the marker on.
   */
  #issue(type: 'error' | 'warning', text: string, location: IssueLocation | undefined): void {
    this.#sdk.command('task.logissue', { type, ...sourceOf(location) }, this.#clean(text).join('\n'));
  }

  #clean(text: string): readonly string[] {
    return neutralLines(this.#redact(text));
  }
}

function sourceOf(location: IssueLocation | undefined): Record<string, string> {
  if (location === undefined) return {};
  // The agent prints "file(line,column):" whatever is given, so an unknown position is the file's start.
  return {
    sourcepath: neutralLine(location.file),
    linenumber: String(location.line ?? 1),
    columnnumber: String(location.column ?? 1),
  };
}
