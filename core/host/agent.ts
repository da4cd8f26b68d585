import type { ConnectionReader } from './connections.ts';
import type { Inputs } from './inputs.ts';
import type { Log } from '../model/ports.ts';
import type { ProxySettings } from './proxy.ts';
import type { SystemConnection } from './system.ts';

/** Where an issue points: a file that the author can open, relative to the sources or absolute. */
export interface IssueLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** What a task's person reads while it runs. Text from outside is neutralised and known secrets are masked. */
export interface AgentLog extends Log {
  /** A red issue in the run's summary; it does not fail the task by itself. The agent shows the first ten per step. */
  error(text: string, location?: IssueLocation): void;
  /** A yellow issue in the run's summary. */
  warning(text: string, location?: IssueLocation): void;
  /** 0..100; the agent never moves backwards. */
  progress(percent: number, operation: string): void;
  /** Lines that belong together and may be folded: printed under their own group, which ends with them. */
  block(title: string, lines: Iterable<string>): void;
}

/**
 * What a task's `index.ts` gets: the agent's contract, read once and parsed. Everything a task takes from or gives to
 * the agent goes through here.
 */
export interface Agent {
  readonly inputs: Inputs;
  readonly connections: ConnectionReader;
  /** The collection, the run and the job's own access to them. */
  readonly system: SystemConnection;
  readonly log: AgentLog;
  /** The agent's proxy, or undefined when it has none. */
  readonly proxy: ProxySettings | undefined;
  /** Emptied by the agent before and after every job. */
  readonly tempDirectory: string;
  /** `System.DefaultWorkingDirectory`: the sources of a build, the artifacts of a deployment job. */
  readonly workingDirectory: string;
  /** Aborted when the run is cancelled; the task has seven seconds from then. */
  readonly signal: AbortSignal;

  /** A job variable by its real name ("Build.Reason"), secret ones included; undefined when unset or empty. */
  variable(name: string): string | undefined;
  /** Masks the value in the log and in everything written through this interface. Every line of it counts alone. */
  setSecret(value: string): void;
  /**
   * An output variable, `$(step.name)` later on. A secret one is masked and must be one line.
   * @throws Error a name that is not of `[A-Za-z_][A-Za-z0-9_.]*`, a secret of several lines: our own defects
   */
  setOutput(name: string, value: string, options?: { readonly secret?: boolean }): void;
  /** Markdown on the run's "Extensions" tab, one section per call; secrets masked. Written when the call returns. */
  addSummary(title: string, markdown: string): void;
  /** A file for the run's Release tab (`type` names who reads it); secrets masked. */
  attach(type: string, name: string, content: string): void;
  /** JUnit XML to publish under the run's Tests tab. */
  publishTestResults(file: string, options: { readonly title: string }): void;
  addBuildTag(tag: string): void;
  /** A file or folder as part of the run's artifact `artifact`. The upload happens after the task has printed it. */
  uploadArtifact(artifact: string, path: string): void;
  /** What `text` looks like with every known secret replaced by `***`: for files that go anywhere by themselves. */
  redact(text: string): string;
  /** Marks the task as succeeded with issues, unless it fails. */
  succeedWithIssues(message: string): void;
}
