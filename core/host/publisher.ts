import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentSdk } from './sdk.ts';

/**
 * What the task hands to the run: files for its page and results. The agent uploads a file after it has read the
 * command, unmasked, so each is written once, redacted, to a place of its own that lives as long as the job.
 */
export class Publisher {
  readonly #sdk: Pick<AgentSdk, 'command'>;
  readonly #directory: string;
  readonly #redact: (text: string) => string;
  #count = 0;

  constructor(sdk: Pick<AgentSdk, 'command'>, directory: string, redact: (text: string) => string) {
    this.#sdk = sdk;
    this.#directory = directory;
    this.#redact = redact;
  }

  /** The Extensions tab heads the section with the file's name. */
  summary(title: string, markdown: string): void {
    this.#sdk.command('task.uploadsummary', {}, this.#write(`${title}.md`, markdown));
  }

  attachment(type: string, name: string, content: string): void {
    this.#sdk.command(
      'task.addattachment',
      { type: fileName(type), name: fileName(name) },
      this.#write(name, content),
    );
  }

  testResults(file: string, title: string): void {
    this.#sdk.command(
      'results.publish',
      {
        type: 'JUnit',
        runTitle: title,
        mergeResults: 'true',
        publishRunAttachments: 'true',
        resultFiles: file,
      },
      '',
    );
  }

  artifact(name: string, path: string): void {
    this.#sdk.command('artifact.upload', { artifactname: name, containerfolder: name }, path);
  }

  buildTag(tag: string): void {
    this.#sdk.command('build.addbuildtag', {}, tag);
  }

  #write(name: string, content: string): string {
    this.#count += 1;
    const directory = join(this.#directory, String(this.#count));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, fileName(name));
    writeFileSync(path, this.#redact(content), { mode: 0o600 });
    return path;
  }
}

/** The agent refuses attachment names with characters that a file name cannot have on its machine. */
function fileName(name: string): string {
  // eslint-disable-next-line no-control-regex
  const clean = name.replace(/[\u0000-\u001f"*/:<>?\\|]/g, '-').slice(0, 120);
  return clean === '' || clean === '.' || clean === '..' ? '-' : clean;
}
