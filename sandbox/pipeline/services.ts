import type { KnownTask, Stage, Step, Job } from './pipeline.ts';
import type { Result } from './outcome.ts';

/** The agent: it starts jobs, and a job remembers what its steps leave for each other (PATH, masked values). */
export interface Agent {
  startJob(job: Job): ProcessAgent;
}

/** Runs one process after the other, under the agent's contract. */
export interface ProcessAgent {
  run(request: ProcessRequest): Promise<ProcessOutcome>;
}

export interface ProcessRequest {
  /** A task's inputs and environment still have their macros: the agent expands them, once. */
  readonly work:
    | { readonly kind: 'task'; readonly task: KnownTask; readonly inputs: ReadonlyMap<string, string> }
    | { readonly kind: 'script'; readonly script: string };
  readonly stepName: string | undefined;
  readonly displayName: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly variables: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly workingDirectory: string;
  readonly timeoutMinutes: number | undefined;
  readonly retries: number;
  readonly signal: AbortSignal;
  onLine(line: string): void;
}

export interface ProcessOutcome {
  readonly result: Exclude<Result, 'skipped'>;
  /** Errors and warnings that the process raised, in their order. */
  readonly issues: readonly { readonly type: 'error' | 'warning'; readonly message: string }[];
  /** Output variables by `step.name`. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Variables set for the steps that follow. */
  readonly variables: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, string>;
}

/** Pipeline artifacts of this run and of the runs that it has as resources. */
export interface ArtifactStore {
  /** @param path a file or a folder */
  publish(artifact: string, path: string): Promise<void>;
  /** @param source `current` or a resource's alias */
  download(source: string, artifact: string, folder: string): Promise<void>;
}

/** Asks a person. */
export interface Validation {
  ask(request: ValidationRequest): Promise<ValidationAnswer>;
}

export interface ValidationRequest {
  readonly stage: string;
  readonly instructions: string;
  readonly signal: AbortSignal;
}

export interface ValidationAnswer {
  readonly answer: 'resumed' | 'rejected';
  readonly by: string;
  readonly comment: string;
}

/** Puts the pipeline's repository into a folder. */
export interface Checkout {
  into(folder: string): Promise<void>;
}

/** Follows a run. */
export interface Observer {
  stageStarted(stage: Stage): void;
  stageFinished(stage: Stage, result: Result, why: string | undefined): void;
  stepStarted(step: Step, job: Job): void;
  line(text: string, step: Step): void;
  stepFinished(step: Step, result: Result, outcome: ProcessOutcome | undefined): void;
}

/** Everything outside a run that it needs. */
export interface RunServices {
  readonly agent: Agent;
  readonly artifacts: ArtifactStore;
  readonly validation: Validation;
  readonly checkout: Checkout;
  readonly observer: Observer;
  /** Variables that the service and the agent set for every job: `Build.BuildId`, `resources.pipeline.ci.runName`... */
  readonly variables: ReadonlyMap<string, string>;
  /** The agent's `_work`: each job gets a folder of its own in it. */
  readonly workFolder: string;
  readonly signal: AbortSignal;
}
