/**
 * The task's inputs, read by name as task.json has it. Every reader refuses with a DeliveryError of code `InputMissing`
 * or `InputInvalid` that names the input, its value and the remedy. An input that is blank is an input not given.
 */
export interface Inputs {
  /** The trimmed text, or undefined when it is blank. */
  text(name: string): string | undefined;
  required(name: string): string;
  /** true and false as YAML writes them; blank is `otherwise`, false when that is not given. */
  flag(name: string, otherwise?: boolean): boolean;
  /** One item per line, blank lines and `#` comment lines dropped. */
  lines(name: string): readonly string[];
  /** One of `values`, compared case-insensitively; blank is `otherwise`, or missing when that is not given. */
  oneOf<const Value extends string>(name: string, values: readonly Value[], otherwise?: Value): Value;
  /** A whole number within the bounds, or `otherwise` when blank. */
  integer(name: string, options: IntegerOptions & { readonly otherwise: number }): number;
  integer(name: string, options?: IntegerOptions): number | undefined;
  /** Milliseconds from "90s", "10m", "1h30m", "2d" or "500ms"; a bare number is seconds. */
  duration(name: string, options: DurationOptions & { readonly otherwise: number }): number;
  duration(name: string, options?: DurationOptions): number | undefined;
  /** An absolute path; a relative one starts at the working directory. Not looked at on disk. */
  path(name: string): string | undefined;
  /** `parse` applied to the text; its DeliveryError or Error is reworded to name the input and its value. */
  parsed<Value>(name: string, parse: (text: string) => Value): Value | undefined;
}

export interface IntegerOptions {
  readonly min?: number;
  readonly max?: number;
}

/** Bounds in milliseconds. */
export interface DurationOptions {
  readonly min?: number;
  readonly max?: number;
}
