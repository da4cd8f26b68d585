import type { Token } from './token-service.ts';

/** Tokens by what they are for: each asked for once, however many wait for it, and renewed before it ends. */
export class TokenCache {
  readonly #now: () => number;
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async get(key: string, ask: () => Promise<Token>): Promise<string> {
    const known = this.#tokens.get(key);
    if (known !== undefined) {
      const token = await known;
      if (token.renewAt > this.#now()) return token.value;
      // Whoever comes first past its end asks for the next; the others find that question in its place.
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
    }
    const asked = this.#tokens.get(key) ?? ask();
    this.#tokens.set(key, asked);
    try {
      return (await asked).value;
    } catch (error) {
      // A failure is not remembered: the next request asks for itself.
      if (this.#tokens.get(key) === asked) this.#tokens.delete(key);
      throw error;
    }
  }

  forget(key: string): void {
    this.#tokens.delete(key);
  }
}
