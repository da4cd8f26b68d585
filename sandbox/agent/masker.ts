import { escape } from './command.ts';

/**
 * Replaces secrets by `***` in what goes to the log. Agent: Worker.cs (what is registered), and the secret masker of
 * its SDK (overlapping and adjoining hits become one).
 */
export class Masker {
  readonly #values = new Set<string>();

  /** A value as it is, and as JSON, URIs and shells write it. */
  add(value: string): void {
    if (value === '') return;
    for (const each of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]) {
      if (each !== '') this.#values.add(each);
    }
  }

  /** A secret variable: also without its quotes and blanks, escaped as in a command, and in base64. */
  addVariable(value: string): void {
    if (value.trim() === '') return;
    const lines = (text: string): string => text.replaceAll('\r', '%0D').replaceAll('\n', '%0A');
    const base64 = Buffer.from(value).toString('base64');
    for (const each of [value, escape(value), lines(value), base64]) {
      this.add(each);
      this.add(each.replace(/^[\r\n ]+|[\r\n ]+$/g, ''));
      for (const quote of ['"', "'", '`']) {
        if (each.length > 1 && each.startsWith(quote) && each.endsWith(quote)) this.add(each.slice(1, -1));
      }
    }
  }

  mask(text: string): string {
    const hits: { start: number; end: number }[] = [];
    for (const value of this.#values) {
      for (let start = text.indexOf(value); start >= 0; start = text.indexOf(value, start + 1)) {
        hits.push({ start, end: start + value.length });
      }
    }
    hits.sort((a, b) => a.start - b.start);
    let masked = '';
    let position = 0;
    let end = -1;
    for (const hit of hits) {
      if (hit.start > end) {
        if (end >= 0) masked += '***';
        masked += text.slice(position, hit.start);
      }
      end = Math.max(end, hit.end);
      position = end;
    }
    return end < 0 ? text : `${masked}***${text.slice(position)}`;
  }
}
