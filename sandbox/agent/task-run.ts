/** What the pipeline service would know of a step after it ran, and what it did that an agent would not have taken. */
export interface TaskRun {
  readonly result: TaskRunResult;
  /** The log, masked. */
  readonly lines: readonly string[];
  readonly issues: readonly Issue[];
  /** `<step>.<name>` -> value: what later steps and jobs read. */
  readonly outputs: ReadonlyMap<string, OutputValue>;
  /** Plain variables that the task set for later steps of the job. */
  readonly variables: ReadonlyMap<string, OutputValue>;
  readonly taskVariables: ReadonlyMap<string, OutputValue>;
  /** Newest last. */
  readonly prependPath: readonly string[];
  /** Values that the task had masked: they stay masked for the rest of the job. */
  readonly secrets: readonly string[];
  readonly summaries: readonly UploadedFile[];
  readonly attachments: readonly Attachment[];
  /** `task.uploadfile`: kept with the log. */
  readonly files: readonly UploadedFile[];
  readonly artifacts: readonly Artifact[];
  readonly testResults: readonly TestResults[];
  readonly buildTags: readonly string[];
  readonly progress: { readonly percent: number; readonly operation: string };
  readonly exitCode: number | undefined;
  /** Milliseconds from the cancellation or timeout to the process's end; undefined when it was not cancelled. */
  readonly stopped: number | undefined;
  /** Signals sent to the process, in order. */
  readonly signals: readonly NodeJS.Signals[];
  /** How often the process ran. */
  readonly attempts: number;
  /** What the task did that a real agent would ignore, reject or be harmed by. Not empty: the result is failed. */
  readonly contractViolations: readonly string[];
}

export type TaskRunResult = 'succeeded' | 'succeededWithIssues' | 'failed' | 'canceled' | 'skipped';

export interface Issue {
  readonly type: 'error' | 'warning';
  readonly message: string;
  readonly code?: string;
  readonly sourcePath?: string;
  readonly lineNumber?: number;
  readonly columnNumber?: number;
  /** False past the tenth of its type: it stands in the log and not on the run's page. */
  readonly onTimeline: boolean;
}

export interface OutputValue {
  readonly value: string;
  readonly secret: boolean;
}

export interface UploadedFile {
  readonly name: string;
  /** Read after the process ended, as the agent's upload queue does. */
  readonly content: string;
}

export interface Attachment extends UploadedFile {
  readonly type: string;
}

export interface Artifact {
  readonly name: string;
  readonly folder: string;
  /** Path within the artifact -> bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface TestResults extends UploadedFile {
  readonly type: string;
  readonly title: string;
}
