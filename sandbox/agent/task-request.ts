import type { ServiceConnection } from './service-connection.ts';

/** One step of a job: a task, what the pipeline gives it, and the machine it runs on. */
export interface TaskRequest {
  /** The built task: task.json and the file that its handler names. Absolute. */
  readonly taskDirectory: string;
  /** The step's `inputs`, by name or alias; `$(macros)` not yet expanded. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The job's public variables by their real names: "Build.BuildId". */
  readonly variables: Readonly<Record<string, string>>;
  readonly secretVariables?: Readonly<Record<string, string>>;
  /** All of the job's connections; the task is shown those that its inputs name, by name or id. */
  readonly serviceConnections: readonly ServiceConnection[];
  /** The job's own access to Azure DevOps. */
  readonly systemConnection: { readonly url: string; readonly accessToken: string };
  /** `System.DefaultWorkingDirectory`. Absolute. */
  readonly workingDirectory: string;
  /** `Agent.TempDirectory`; by default a fresh one beside the working directory, removed after the run. */
  readonly tempDirectory?: string;
  /** The agent's own environment: proxy, certificates, PATH. Nothing of this process leaks in by itself. */
  readonly environment: Readonly<Record<string, string>>;
  /** The step's `env`. */
  readonly stepEnvironment?: Readonly<Record<string, string>>;
  /** The step's `name`, under which outputs are stored; by default the task's name. */
  readonly stepName?: string;
  readonly displayName?: string;
  /** The Node executable; by default the one that agents run Node 20 tasks with, which is what runs this. */
  readonly node?: string;
  /** Cancels the step. */
  readonly signal?: AbortSignal;
  /** The step's `timeoutInMinutes`, here in milliseconds. */
  readonly timeout?: number;
  readonly retryCountOnTaskFailure?: number;
  /** What earlier steps of the job left: see TaskRun. */
  readonly prependPath?: readonly string[];
  readonly secrets?: readonly string[];
  readonly taskVariables?: Readonly<Record<string, string>>;
  /** Every line of the log as it appears, masked. */
  readonly onLine?: (line: string) => void;
  /** What the agent waits between SIGINT, SIGTERM and SIGKILL, and before a retry; by default what it really waits. */
  readonly patience?: Partial<Patience>;
}

/** Milliseconds. */
export interface Patience {
  readonly interrupt: number;
  readonly terminate: number;
  /** How long the process may live on after it said that it is done. */
  readonly done: number;
  /** Before the nth retry, 0 for the first. */
  readonly retry: (attempt: number) => number;
}

/** agent: ProcessInvoker.cs, TaskCommandExtension.cs (ForceTaskComplete), RetryHelper.cs. */
export const agentPatience: Patience = {
  interrupt: 7_500,
  terminate: 2_500,
  done: 5_000,
  retry: (attempt) => (attempt + 1) ** 2 * 1000,
};
