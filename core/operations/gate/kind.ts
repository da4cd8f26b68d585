import type { Finding, Schedule } from '../../model/check.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Release } from '../../model/release.ts';
import type { Settings } from './settings.ts';
import type { Need, Tools } from './tools.ts';

/** What the gate judges, and where. */
export interface Subject {
  readonly release: Release;
  readonly environment: string;
  /** Where checks look when they name no namespace of their own. */
  readonly namespace: string | undefined;
}

/** One kind of check: how its fields read, and how it looks. To add one, write its file and its line in kinds.ts. */
export interface CheckKind {
  /** As the checks file's `kind` names it. */
  readonly kind: string;
  /** JSON Schema of its own fields, for the published schema. The parser decides; a test holds the two together. */
  readonly schema: KindSchema;
  /** Where its schedule differs from the usual when the author says nothing. */
  readonly defaults?: Partial<Schedule>;
  /** @throws DeliveryError `ChecksInvalid`, naming field and remedy */
  parse(settings: Settings, subject: Subject): Probe;
}

export interface KindSchema {
  readonly description: string;
  readonly properties: JsonObject;
  readonly required?: readonly string[];
  /** Groups of fields of which exactly one must be given. */
  readonly exactlyOne?: readonly (readonly string[])[];
}

/** A check that is ready to look. */
export interface Probe {
  /** What it does, for the plan: "GET http://storefront:80/healthz". */
  readonly title: string;
  readonly needs: readonly Need[];
  /**
   * Looks once. A thrown error means that it could not ask; what is wrong with the subject is a finding.
   * It leaves nothing behind, whatever ends it.
   */
  measure(tools: Tools, look: Look): Promise<Finding>;
}

/** One look: its bounds and its voice. */
export interface Look {
  /** The check's name: for messages and for what it creates. */
  readonly check: string;
  /** Aborted when the check's deadline passes or the run is cancelled. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** What it is doing now: said if the deadline passes meanwhile. */
  note(text: string): void;
  /** A line of outside origin that belongs in the log (a Job's output). */
  output(line: string): void;
}
