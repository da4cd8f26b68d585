import { isAbsolute, resolve } from 'node:path';
import { DeliveryError, isDeliveryError, messageOf } from '../model/errors.ts';
import { parseDuration } from '../model/duration.ts';
import type { DurationOptions, Inputs, IntegerOptions } from './inputs.ts';
import { neutralLine } from './neutral.ts';

/** The inputs over the agent's reader: see Inputs. */
export class InputReader implements Inputs {
  readonly #read: (name: string) => string | undefined;
  readonly #workingDirectory: string;

  constructor(read: (name: string) => string | undefined, workingDirectory: string) {
    this.#read = read;
    this.#workingDirectory = workingDirectory;
  }

  text(name: string): string | undefined {
    const value = this.#read(name)?.trim();
    if (value === undefined || value === '') return undefined;
    refuseMacro(name, value);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) {
      throw new DeliveryError('InputMissing', `Input ${name} is not given.`, {
        hint: `Set ${name} in the task's inputs. If it is a $(variable), the variable is empty in this run.`,
      });
    }
    return value;
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.text(name);
    if (value === undefined) return otherwise;
    switch (value.toLowerCase()) {
      case 'true':
        return true;
      case 'false':
        return false;
      default:
        throw invalid(name, value, 'is neither true nor false', 'Write true or false.');
    }
  }

  lines(name: string): readonly string[] {
    const lines = (this.text(name) ?? '')
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) refuseMacro(name, line);
    return lines;
  }

  oneOf<const Value extends string>(name: string, values: readonly Value[], otherwise?: Value): Value {
    const text = this.text(name);
    if (text === undefined && otherwise !== undefined) return otherwise;
    const given = text ?? this.required(name);
    const found = values.find((value) => value.toLowerCase() === given.toLowerCase());
    if (found === undefined) throw invalid(name, given, 'is not known', `Use one of: ${values.join(', ')}.`);
    return found;
  }

  integer(name: string, options: IntegerOptions & { readonly otherwise: number }): number;
  integer(name: string, options?: IntegerOptions): number | undefined;
  integer(name: string, options: IntegerOptions & { readonly otherwise?: number } = {}): number | undefined {
    const text = this.text(name);
    if (text === undefined) return options.otherwise;
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) {
      throw invalid(name, text, 'is not a whole number', `Write digits only, ${range(options, String)}.`);
    }
    if (outside(value, options)) {
      throw invalid(name, text, 'is out of bounds', `Use a number ${range(options, String)}.`);
    }
    return value;
  }

  duration(name: string, options: DurationOptions & { readonly otherwise: number }): number;
  duration(name: string, options?: DurationOptions): number | undefined;
  duration(
    name: string,
    options: DurationOptions & { readonly otherwise?: number } = {},
  ): number | undefined {
    const text = this.text(name);
    if (text === undefined) return options.otherwise;
    const value = parseDuration(text);
    const inSeconds = (milliseconds: number): string => `${milliseconds / 1000}s`;
    if (value === undefined) {
      throw invalid(name, text, 'is not a duration', 'Write it like 90s, 10m, 1h30m or 2d.');
    }
    if (outside(value, options)) {
      throw invalid(name, text, 'is out of bounds', `Use a duration ${range(options, inSeconds)}.`);
    }
    return value;
  }

  path(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    return isAbsolute(value) ? resolve(value) : resolve(this.#workingDirectory, value);
  }

  parsed<Value>(name: string, parse: (text: string) => Value): Value | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      const hint = isDeliveryError(error) ? error.hint : undefined;
      throw new DeliveryError('InputInvalid', `Input ${name} ${quoted(text)}: ${messageOf(error)}`, {
        ...(hint === undefined ? {} : { hint }),
        cause: error,
      });
    }
  }
}

/** A macro that the agent left as it is names a variable that does not exist: it leaves unknown ones literal. */
function refuseMacro(name: string, value: string): void {
  const variable = /^\$\(([^()]+)\)$/.exec(value)?.[1];
  if (variable === undefined) return;
  throw invalid(
    name,
    value,
    'names a variable that is not set in this run',
    `Check the spelling of ${variable}. An output of an earlier job reaches this one through its variables: section ` +
      `as $[ dependencies.<job>.outputs['<step>.<name>'] ], from an earlier stage as stageDependencies.`,
  );
}

function invalid(name: string, value: string, problem: string, hint: string): DeliveryError {
  return new DeliveryError('InputInvalid', `Input ${name} ${quoted(value)} ${problem}.`, { hint });
}

function quoted(value: string): string {
  const line = neutralLine(value);
  return `'${line.length > 80 ? `${line.slice(0, 77)}...` : line}'`;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function outside(value: number, { min, max }: Bounds): boolean {
  return (min !== undefined && value < min) || (max !== undefined && value > max);
}

function range({ min, max }: Bounds, format: (value: number) => string): string {
  if (min !== undefined && max !== undefined) return `from ${format(min)} to ${format(max)}`;
  if (min !== undefined) return `of ${format(min)} or more`;
  if (max !== undefined) return `of ${format(max)} or less`;
  return 'of any size';
}
