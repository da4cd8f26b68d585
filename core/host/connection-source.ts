import { DeliveryError, type ErrorCode } from '../model/errors.ts';
import type { EndpointSource } from './sdk.ts';

/** One service connection as the agent passed it, with readers that refuse by name: what each parser reads from. */
export class ConnectionSource {
  readonly input: string;
  readonly id: string;
  readonly #source: EndpointSource;
  readonly #keep: (secret: string) => void;

  constructor(input: string, id: string, source: EndpointSource, keep: (secret: string) => void) {
    this.input = input;
    this.id = id;
    this.#source = source;
    this.#keep = keep;
  }

  get url(): string | undefined {
    return this.#source.url;
  }

  /** Lower case: the service is not consistent about it. */
  get scheme(): string | undefined {
    return (this.#source.scheme ?? this.#source.parameter('scheme'))?.toLowerCase();
  }

  data(key: string): string | undefined {
    return this.#source.data(key)?.trim();
  }

  parameter(key: string): string | undefined {
    return this.#source.parameter(key)?.trim();
  }

  required(key: string): string {
    const value = this.parameter(key);
    if (value === undefined) throw this.incomplete(key);
    return value;
  }

  /** A required parameter that must never be shown. */
  secret(key: string): string {
    const value = this.required(key);
    this.#keep(value);
    return value;
  }

  /** Registers a secret that stands inside a parameter. */
  keep(secret: string): void {
    this.#keep(secret);
  }

  incomplete(key: string): DeliveryError {
    return this.refuse(
      'ConnectionUnsupported',
      `has no ${key}`,
      'Open the service connection in the project settings, enter what is missing and press Verify.',
    );
  }

  unsupported(what: string, hint: string): DeliveryError {
    return this.refuse('ConnectionUnsupported', what, hint);
  }

  refuse(code: ErrorCode, problem: string, hint: string): DeliveryError {
    return new DeliveryError(code, `Input ${this.input}: service connection ${this.id} ${problem}.`, {
      hint,
    });
  }
}
