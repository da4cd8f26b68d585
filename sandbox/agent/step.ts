import type { Masker } from './masker.ts';
import type { ServiceConnection } from './service-connection.ts';
import type { StepLog } from './step-log.ts';
import { mergeResults, type AgentResult } from './step-result.ts';
import type { TaskDefinition } from './task-definition.ts';
import type { OutputValue } from './task-run.ts';
import type { Variables } from './variables.ts';

/** A file that a command named: the agent checks at once that it is there, and reads it when its queue gets to it. */
export interface PendingUpload {
  readonly kind: 'summary' | 'attachment' | 'file' | 'artifact' | 'testResults';
  readonly type: string;
  readonly name: string;
  readonly path: string;
}

/** What a running step has come to: the commands change it, the host reads it. */
export class Step {
  readonly name: string;
  readonly definition: TaskDefinition;
  readonly variables: Variables;
  readonly masker: Masker;
  readonly log: StepLog;
  readonly connections: readonly ServiceConnection[];
  readonly violations: string[] = [];
  readonly outputs = new Map<string, OutputValue>();
  readonly setVariables = new Map<string, OutputValue>();
  readonly taskVariables = new Map<string, OutputValue>();
  readonly uploads: PendingUpload[] = [];
  readonly buildTags: string[] = [];
  readonly secrets = new Set<string>();
  readonly prependPath: string[];
  progress = { percent: 0, operation: '' };
  /** What the task said. */
  result: AgentResult | undefined;
  /** What the agent made of commands that it could not carry out. */
  commandResult: AgentResult | undefined;
  done = false;

  constructor(parts: {
    readonly name: string;
    readonly definition: TaskDefinition;
    readonly variables: Variables;
    readonly masker: Masker;
    readonly log: StepLog;
    readonly connections: readonly ServiceConnection[];
    readonly prependPath: readonly string[];
  }) {
    this.name = parts.name;
    this.definition = parts.definition;
    this.variables = parts.variables;
    this.masker = parts.masker;
    this.log = parts.log;
    this.connections = parts.connections;
    this.prependPath = [...parts.prependPath];
  }

  get isBuild(): boolean {
    return this.variables.get('System.HostType')?.toLowerCase() !== 'release';
  }

  complete(result: AgentResult): void {
    this.result = mergeResults(this.result, result);
  }

  failCommand(): void {
    this.commandResult = mergeResults(this.commandResult, 'Failed');
  }

  /** A credential that the task told of, or that it was given. */
  addSecret(value: string): void {
    if (value === '') return;
    this.secrets.add(value);
    this.masker.add(value);
  }

  violate(what: string): void {
    this.violations.push(what);
  }
}
