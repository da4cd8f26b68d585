/** Reports are kept in memory until the Job has ended. */
const mostCharacters = 16 * 1024 * 1024;

/** Finds JUnit documents among the lines of a log: from `<?xml` or `<testsuite` to the end of that element. */
export class LogReport {
  readonly #documents: string[] = [];
  #lines: string[] = [];
  #ending: '</testsuites>' | '</testsuite>' | undefined;
  #size = 0;

  /** Whether the line was part of a document, and so is not for people. */
  take(line: string): boolean {
    const trimmed = line.trim();
    const isOpen = this.#lines.length > 0;
    if (!isOpen && !/^<(?:\?xml|testsuites?)[\s>]/.test(trimmed)) return false;
    this.#size += line.length;
    if (this.#size > mostCharacters) return false;
    this.#lines.push(line);
    this.#ending ??= /<testsuites[\s>]/.test(line)
      ? '</testsuites>'
      : /<testsuite[\s>]/.test(line)
        ? '</testsuite>'
        : undefined;
    const isEmpty =
      this.#ending !== undefined && this.#lines.length <= 2 && /<testsuites?[^>]*\/>\s*$/.test(line);
    if (isEmpty || (this.#ending !== undefined && trimmed.endsWith(this.#ending))) {
      this.#documents.push(this.#lines.join('\n'));
      this.#lines = [];
      this.#ending = undefined;
    }
    return true;
  }

  /** One that did not end is given as it is: who reads it says so. */
  documents(): readonly { readonly name: string; readonly text: string }[] {
    const open = this.#lines.length > 0 ? [this.#lines.join('\n')] : [];
    return [...this.#documents, ...open].map((text, index) => ({
      name: `report ${index + 1} of the log`,
      text,
    }));
  }
}
