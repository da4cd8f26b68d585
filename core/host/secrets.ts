/**
 * Shorter ones ("1", "dev", as people mark variables secret) would tear digests and words in our files apart; the
 * agent masks them in the log all the same.
 */
const shortestSecret = 4;

/**
 * What must not be shown. The agent masks the log by itself; files that are uploaded (summary, attachment, artifact)
 * leave unmasked, so whatever this task writes into them goes through `redact` first.
 */
export class Secrets {
  readonly #announce: (line: string) => void;
  readonly #announced = new Set<string>();
  readonly #masked = new Set<string>();
  #longestFirst: readonly string[] | undefined;

  /** @param announce tells the agent one line to mask in the log */
  constructor(announce: (line: string) => void) {
    this.#announce = announce;
  }

  /**
   * Registers a value and announces it. The agent refuses a secret of several lines and masks line by line anyway, so
   * each line counts alone; the frame of a PEM text is no secret.
   */
  add(value: string): void {
    for (const line of value.split(/[\r\n]+/).map((each) => each.trim())) {
      if (line === '' || line.startsWith('-----') || this.#announced.has(line)) continue;
      this.#announced.add(line);
      this.#remember(line);
      this.#announce(line);
    }
  }

  /** Registers a value that the agent masks already: a secret variable, a connection's parameter. */
  addKnown(value: string): void {
    if (value.trim() !== '') this.#remember(value.trim());
  }

  redact(text: string): string {
    this.#longestFirst ??= [...this.#masked].flatMap(spellings).sort((a, b) => b.length - a.length);
    let redacted = text;
    for (const secret of this.#longestFirst) redacted = redacted.replaceAll(secret, '***');
    return redacted;
  }

  #remember(value: string): void {
    if (value.length < shortestSecret) return;
    this.#masked.add(value);
    this.#longestFirst = undefined;
  }
}

/** A secret as it may stand in a file: plain, in a URL, in JSON, in base64 (Kubernetes Secrets, Basic credentials). */
function spellings(secret: string): readonly string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64])];
}
