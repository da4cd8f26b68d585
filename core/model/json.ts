import { DeliveryError, type ErrorCode } from './errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads a document of outside origin into typed values: every accessor names the field's path when it does not hold what
 * it must, so that one line tells the author where to look.
 */
export class Reader {
  readonly #value: JsonObject;
  readonly #path: string;
  readonly #code: ErrorCode;

  private constructor(value: JsonObject, path: string, code: ErrorCode) {
    this.#value = value;
    this.#path = path;
    this.#code = code;
  }

  /** @param path how the document is called in messages, for example its file name */
  static of(value: unknown, path: string, code: ErrorCode): Reader {
    if (!isObject(value)) throw new DeliveryError(code, `${path} must be an object, not ${kindOf(value)}`);
    return new Reader(value, path, code);
  }

  string(name: string): string {
    return this.optionalString(name) ?? this.#missing(name, 'a string');
  }

  optionalString(name: string): string | undefined {
    const value = this.#value[name];
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    return this.#wrong(name, 'a string that is not empty', value);
  }

  /** For documents of encoders that write "" where they mean nothing. */
  optionalText(name: string): string | undefined {
    return this.#value[name] === '' ? undefined : this.optionalString(name);
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T {
    const value = this.string(name);
    return (
      values.find((candidate) => candidate === value) ??
      this.#wrong(name, `one of ${values.join(', ')}`, value)
    );
  }

  /** A whole number, zero or more. */
  count(name: string): number {
    const value = this.#value[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    return this.#wrong(name, 'a whole number, zero or more', value);
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#value[name];
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    return this.#wrong(name, 'a number', value);
  }

  boolean(name: string): boolean {
    const value = this.#value[name];
    return typeof value === 'boolean' ? value : this.#wrong(name, 'true or false', value);
  }

  /** An RFC 3339 time in UTC, as `Date.toISOString` writes it. */
  time(name: string): string {
    const value = this.string(name);
    const isTime =
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(value) && !Number.isNaN(Date.parse(value));
    return isTime ? value : this.#wrong(name, 'a time in UTC, as in 2026-01-31T12:00:00Z', value);
  }

  /** A field with a grammar of its own; what the parser says is kept behind the field's path. */
  parsed<T>(name: string, parse: (text: string) => T): T {
    const value = this.string(name);
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      throw new DeliveryError(this.#code, `${this.#at(name)}: ${error.message}`, { cause: error });
    }
  }

  optionalParsed<T>(name: string, parse: (text: string) => T): T | undefined {
    return this.#value[name] === undefined ? undefined : this.parsed(name, parse);
  }

  object<T>(name: string, read: (reader: Reader) => T): T {
    return this.optionalObject(name, read) ?? this.#missing(name, 'an object');
  }

  optionalObject<T>(name: string, read: (reader: Reader) => T): T | undefined {
    const value = this.#value[name];
    return value === undefined ? undefined : read(Reader.of(value, this.#at(name), this.#code));
  }

  /** A list of objects; absent is empty. */
  list<T>(name: string, read: (reader: Reader) => T): readonly T[] {
    return this.#items(name).map((item, index) =>
      read(Reader.of(item, `${this.#at(name)}[${index}]`, this.#code)),
    );
  }

  optionalList<T>(name: string, read: (reader: Reader) => T): readonly T[] | undefined {
    return this.#value[name] === undefined ? undefined : this.list(name, read);
  }

  /** A list of numbers; absent is empty. */
  numbers(name: string): readonly number[] {
    return this.#items(name).map((item, index) =>
      typeof item === 'number' && Number.isFinite(item)
        ? item
        : this.#wrong(`${name}[${index}]`, 'a number', item),
    );
  }

  /** A list of strings; absent is empty. */
  strings(name: string): readonly string[] {
    return this.#items(name).map((item, index) =>
      typeof item === 'string' ? item : this.#wrong(`${name}[${index}]`, 'a string', item),
    );
  }

  /** A map of strings; absent is empty. */
  map(name: string): Readonly<Record<string, string>> {
    const value = this.#value[name] ?? {};
    if (!isObject(value)) return this.#wrong(name, 'an object', value);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        typeof item === 'string' ? item : this.#wrong(`${name}.${key}`, 'a string', item),
      ]),
    );
  }

  #items(name: string): readonly unknown[] {
    const value = this.#value[name] ?? [];
    return Array.isArray(value) ? (value as readonly unknown[]) : this.#wrong(name, 'a list', value);
  }

  #at(name: string): string {
    return `${this.#path}.${name}`;
  }

  #missing(name: string, expected: string): never {
    throw new DeliveryError(this.#code, `${this.#at(name)} is missing: it must be ${expected}`);
  }

  #wrong(name: string, expected: string, value: unknown): never {
    throw new DeliveryError(this.#code, `${this.#at(name)} must be ${expected}, not ${kindOf(value)}`);
  }
}

function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'absent';
    case 'string':
      return `"${value.length > 80 ? `${value.slice(0, 80)}...` : value}"`;
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  }
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out the fields that hold `undefined`, so that "absent" has one form in values and in JSON. */
export function defined<const T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
}

/** A copy without the fields of these names. */
export function without(value: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
