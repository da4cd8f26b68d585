/** A place in a pipeline's source: lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What the runner will not run, or what is wrong in a pipeline: always with the file and the line. */
export class PipelineRefused extends Error {
  override readonly name = 'PipelineRefused';
  readonly at: Place;

  constructor(at: Place, message: string, cause?: unknown) {
    super(`${at.file}:${at.line}: ${message}`, cause === undefined ? undefined : { cause });
    this.at = at;
  }
}
