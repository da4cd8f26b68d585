import { StringDecoder } from 'node:string_decoder';

/** Lines as .NET's reader finds them: ended by CR LF, LF or a CR alone. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.write(Buffer.from(chunk)), false);
  }

  end(): void {
    this.#take(this.#decoder.end(), true);
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }

  #take(text: string, last: boolean): void {
    this.#rest += text;
    for (;;) {
      const end = this.#rest.search(/[\r\n]/);
      // A CR at the very end may be the first half of a CR LF.
      if (end < 0 || (!last && this.#rest[end] === '\r' && end === this.#rest.length - 1)) return;
      const width = this.#rest.startsWith('\r\n', end) ? 2 : 1;
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + width);
      this.#onLine(line);
    }
  }
}
