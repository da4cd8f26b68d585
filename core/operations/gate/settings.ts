import { parseDuration } from '../../model/duration.ts';
import { DeliveryError } from '../../model/errors.ts';
import { isObject, type JsonObject } from '../../model/json.ts';

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A section of the checks file as its author wrote it. Every reader refuses with `ChecksInvalid`, naming the field and
 * the remedy; `close` refuses the fields that nobody read, so that a misspelt limit is never silently no limit.
 */
export class Settings {
  readonly #value: JsonObject;
  readonly #path: string;
  readonly #read = new Set<string>();
  readonly #sections: Settings[] = [];

  private constructor(value: JsonObject, path: string) {
    this.#value = value;
    this.#path = path;
  }

  static of(value: unknown, path: string): Settings {
    if (!isObject(value)) throw invalid(`${path} must be a section of fields, not ${shown(value)}`);
    return new Settings(value, path);
  }

  /** The section's place in the file, for messages of its readers. */
  get path(): string {
    return this.#path;
  }

  /** The same section under a better name, once it is known. */
  named(path: string): Settings {
    return new Settings(this.#value, path);
  }

  has(name: string): boolean {
    this.#read.add(name);
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }

  raw(name: string): unknown {
    return this.has(name) ? this.#value[name] : undefined;
  }

  /** Text that is not blank. Numbers and flags are taken as their text: YAML reads `1.10` and `yes` as such. */
  optionalText(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value === 'string' && value.trim() !== '') return value;
    return this.wrong(name, 'text', value);
  }

  text(name: string, remedy?: string): string {
    return this.optionalText(name) ?? this.missing(name, remedy);
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.raw(name) ?? otherwise;
    return typeof value === 'boolean' ? value : this.wrong(name, 'true or false', value);
  }

  optionalNumber(name: string, bounds: Bounds = {}): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.wrong(name, 'a number', value);
    if (value < (bounds.min ?? -Infinity) || value > (bounds.max ?? Infinity)) {
      return this.wrong(name, `a number ${range(bounds, String)}`, value);
    }
    return value;
  }

  optionalInteger(name: string, bounds: Bounds = {}): number | undefined {
    const value = this.optionalNumber(name, bounds);
    return value === undefined || Number.isSafeInteger(value)
      ? value
      : this.wrong(name, `a whole number ${range(bounds, String)}`, value);
  }

  integer(name: string, options: Bounds & { readonly otherwise: number }): number {
    return this.optionalInteger(name, options) ?? options.otherwise;
  }

  /** Milliseconds, from "30s", "5m", "1h30m", "500ms" or a number of seconds. Bounds in milliseconds. */
  optionalDuration(name: string, bounds: Bounds = {}): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const parsed =
      typeof value === 'number' && value >= 0
        ? Math.round(value * 1_000)
        : typeof value === 'string'
          ? parseDuration(value.trim())
          : undefined;
    if (parsed === undefined) return this.wrong(name, 'a duration such as 30s, 5m or 1h30m', value);
    if (parsed < (bounds.min ?? 0) || parsed > (bounds.max ?? Infinity)) {
      return this.wrong(name, `a duration ${range(bounds, (limit) => `${limit / 1_000}s`)}`, value);
    }
    return parsed;
  }

  duration(name: string, options: Bounds & { readonly otherwise: number }): number {
    return this.optionalDuration(name, options) ?? options.otherwise;
  }

  /** A share of the whole, 0..1, from "1%", "0.5 %" or a number between 0 and 1. */
  optionalShare(name: string): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= 0 && value <= 1) return value;
    const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim())?.[1] : undefined;
    if (percent !== undefined && Number(percent) <= 100) return Number(percent) / 100;
    return this.wrong(name, 'a share such as 1% or 0.01', value);
  }

  optionalOneOf<const Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const text = this.optionalText(name);
    if (text === undefined) return undefined;
    return (
      values.find((candidate) => candidate === text) ?? this.wrong(name, `one of ${values.join(', ')}`, text)
    );
  }

  /** One text or a list of texts; absent is empty. */
  texts(name: string): readonly string[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.map((item, index) =>
      typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean'
        ? String(item)
        : this.wrong(`${name}[${index}]`, 'text', item),
    );
  }

  /** Names to texts; absent is empty. */
  map(name: string): Readonly<Record<string, string>> {
    const value = this.raw(name) ?? {};
    if (!isObject(value)) return this.wrong(name, 'a section of names and texts', value);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean'
          ? String(item)
          : this.wrong(`${name}.${key}`, 'text', item),
      ]),
    );
  }

  optionalSection(name: string): Settings | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const section = Settings.of(value, this.at(name));
    this.#sections.push(section);
    return section;
  }

  sections(name: string): readonly Settings[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) return this.wrong(name, 'a list', value);
    const sections = value.map((item, index) => Settings.of(item, `${this.at(name)}[${index}]`));
    this.#sections.push(...sections);
    return sections;
  }

  /** The field that is given of several that exclude each other. */
  either<const Name extends string>(...names: readonly Name[]): Name {
    const given = names.filter((name) => this.has(name));
    const [only] = given;
    if (only !== undefined && given.length === 1) return only;
    const choice = names.join(' or ');
    throw invalid(
      given.length === 0
        ? `${this.#path} lacks ${choice}`
        : `${this.#path} has ${given.join(' and ')}: they exclude each other`,
      `Write exactly one of ${names.join(', ')}.`,
    );
  }

  /** Refuses every field that no reader asked for, here and in the sections below. */
  close(): void {
    const unknown = Object.keys(this.#value).filter((name) => !this.#read.has(name));
    if (unknown.length > 0) {
      const known = [...this.#read].sort();
      const near = known.find((name) => isNear(name, unknown[0] ?? ''));
      throw invalid(
        `${this.at(unknown[0] ?? '')} is not a field here`,
        near === undefined ? `The fields are ${known.join(', ')}.` : `Did you mean ${near}?`,
      );
    }
    for (const section of this.#sections) section.close();
  }

  at(name: string): string {
    return `${this.#path}.${name}`;
  }

  wrong(name: string, expected: string, value: unknown): never {
    throw invalid(`${this.at(name)} must be ${expected}, not ${shown(value)}`);
  }

  missing(name: string, remedy?: string): never {
    throw invalid(`${this.at(name)} is missing`, remedy);
  }
}

export function invalid(message: string, hint?: string, cause?: unknown): DeliveryError {
  return new DeliveryError('ChecksInvalid', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function range(bounds: Bounds, format: (limit: number) => string): string {
  if (bounds.min !== undefined && bounds.max !== undefined) {
    return `from ${format(bounds.min)} to ${format(bounds.max)}`;
  }
  if (bounds.min !== undefined) return `of ${format(bounds.min)} or more`;
  return bounds.max === undefined ? '' : `of ${format(bounds.max)} or less`;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a section of fields';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${text.length > 60 ? `${text.slice(0, 60)}...` : text}"`;
}

/** Whether one insertion, deletion, replacement or swap, or the case of letters, tells the two apart. */
function isNear(known: string, written: string): boolean {
  const [one, other] = [known.toLowerCase(), written.toLowerCase()];
  if (Math.abs(one.length - other.length) > 1) return false;
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < one.length - start && end < other.length - start && one.at(-1 - end) === other.at(-1 - end)) {
    end += 1;
  }
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  const swapped = left.length === 2 && right === left.split('').toReversed().join('');
  return swapped || Math.max(left.length, right.length) <= 1;
}
