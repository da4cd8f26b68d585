/** What a person follows the demo by: plain lines, with colours where there is a terminal that wants them. */
export class Terminal {
  readonly #colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  readonly #started = Date.now();

  title(text: string): void {
    this.line('');
    this.line(this.bold(text));
  }

  line(text: string): void {
    console.log(text);
  }

  /** A line of something that is under way, below a title. */
  note(text: string): void {
    this.line(`  ${this.dim(text)}`);
  }

  done(text: string, milliseconds?: number): void {
    this.line(`  ${this.green('✓')} ${text}${this.#time(milliseconds)}`);
  }

  failed(text: string, milliseconds?: number): void {
    this.line(`  ${this.red('✗')} ${text}${this.#time(milliseconds)}`);
  }

  skipped(text: string): void {
    this.line(`  ${this.dim(`- ${text}`)}`);
  }

  /** Columns aligned to their widest cell; the first row is the head. */
  table(rows: readonly (readonly string[])[]): void {
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(...rows.map((row) => row[column]?.length ?? 0)),
    );
    rows.forEach((row, index) => {
      const text = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
      this.line(`  ${index === 0 ? this.dim(text.trimEnd()) : text.trimEnd()}`);
    });
  }

  get elapsed(): string {
    return seconds(Date.now() - this.#started);
  }

  bold(text: string): string {
    return this.#paint('1', text);
  }

  dim(text: string): string {
    return this.#paint('2', text);
  }

  green(text: string): string {
    return this.#paint('32', text);
  }

  red(text: string): string {
    return this.#paint('31', text);
  }

  yellow(text: string): string {
    return this.#paint('33', text);
  }

  #time(milliseconds: number | undefined): string {
    return milliseconds === undefined ? '' : `  ${this.dim(seconds(milliseconds))}`;
  }

  #paint(code: string, text: string): string {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

export function seconds(milliseconds: number): string {
  const whole = milliseconds / 1000;
  return whole < 100 ? `${whole.toFixed(1)} s` : `${Math.floor(whole / 60)} min ${Math.round(whole % 60)} s`;
}
