import { requestAssertion, type AssertionRequest } from './oidc.ts';

/**
 * Assertions of this job's identity: a new one for every exchange, because Azure DevOps's live ten minutes and a rollout
 * may last an hour. MSAL asks for it twice for one exchange; it gets the same one then.
 */
export class Assertions {
  readonly #onSecret: ((value: string) => void) | undefined;
  #request: AssertionRequest | undefined;
  #current: Promise<string> | undefined;
  #failure: unknown;

  constructor(onSecret: ((value: string) => void) | undefined) {
    this.#onSecret = onSecret;
  }

  /** Why the last assertion was not given: the Azure packages wrap it, and drop what it was. */
  get failure(): unknown {
    return this.#failure;
  }

  open(request: AssertionRequest): void {
    this.#request = request;
  }

  /** Before an exchange: what was used before is not used again. */
  renew(): void {
    this.#current = undefined;
    this.#failure = undefined;
  }

  current(): Promise<string> {
    return (this.#current ??= this.#ask());
  }

  async #ask(): Promise<string> {
    if (this.#request === undefined) throw new Error('an assertion was asked for before it was known where');
    try {
      const assertion = await requestAssertion(this.#request);
      this.#onSecret?.(assertion);
      return assertion;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
