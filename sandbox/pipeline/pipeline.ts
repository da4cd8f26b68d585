import type { Expression } from './expression.ts';
import type { Place } from './refusal.ts';

/** A pipeline after all templates are resolved: everything in it is within the subset. */
export interface Pipeline {
  readonly file: string;
  readonly resources: readonly PipelineResource[];
  readonly variables: readonly Variable[];
  readonly stages: readonly Stage[];
}

/** `resources.pipelines`: the run of another pipeline whose artifacts this one downloads. */
export interface PipelineResource {
  readonly alias: string;
  readonly source: string;
  readonly at: Place;
}

export interface Variable {
  readonly name: string;
  readonly at: Place;
  /** Text with `$(macros)`, or an expression between `$[` and `]` that is evaluated when the job starts. */
  readonly value:
    { readonly kind: 'text'; readonly text: string } | { readonly kind: 'runtime'; readonly of: Condition };
}

/** An expression with its place. */
export interface Condition {
  readonly expression: Expression;
  readonly at: Place;
}

export interface Stage {
  readonly name: string;
  readonly displayName: string;
  readonly at: Place;
  readonly dependsOn: readonly string[];
  readonly condition: Condition | undefined;
  readonly variables: readonly Variable[];
  readonly jobs: readonly Job[];
}

export interface Job {
  /** `server`: without an agent, for manual validation. `deployment`: an agent's, recorded at an environment. */
  readonly kind: 'agent' | 'deployment' | 'server';
  readonly name: string;
  readonly displayName: string;
  readonly at: Place;
  readonly dependsOn: readonly string[];
  readonly condition: Condition | undefined;
  readonly variables: readonly Variable[];
  readonly environment: string | undefined;
  readonly timeoutMinutes: number | undefined;
  readonly steps: readonly Step[];
}

export type Step = StepFrame & StepWork;

export interface StepFrame {
  /** The reference name, under which its output variables are found. */
  readonly name: string | undefined;
  readonly displayName: string;
  readonly at: Place;
  readonly condition: Condition | undefined;
  readonly continueOnError: boolean;
  readonly environment: ReadonlyMap<string, string>;
  readonly timeoutMinutes: number | undefined;
  readonly retries: number;
}

export type StepWork =
  | { readonly kind: 'checkout'; readonly repository: 'self' | 'none' }
  | { readonly kind: 'download'; readonly source: string; readonly artifact: string }
  | { readonly kind: 'publish'; readonly path: string; readonly artifact: string }
  | { readonly kind: 'script'; readonly script: string }
  | { readonly kind: 'manualValidation'; readonly inputs: ReadonlyMap<string, string> }
  | { readonly kind: 'task'; readonly task: KnownTask; readonly inputs: ReadonlyMap<string, string> };

/** A task that the runner can run, as its task.json describes it. */
export interface KnownTask {
  readonly name: string;
  readonly major: number;
  /** The folder with task.json and the bundle. */
  readonly directory: string;
  readonly inputs: readonly KnownInput[];
}

export interface KnownInput {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: string;
  readonly required: boolean;
  readonly hasDefault: boolean;
  /** Shown, and then required, only under a rule. */
  readonly conditional: boolean;
}
