import { createInterface } from 'node:readline/promises';
import type { Validation, ValidationAnswer, ValidationRequest } from '../../sandbox/pipeline/services.ts';
import type { Terminal } from './terminal.ts';

/** `ask` asks at the terminal; the other two answer by themselves. */
export type ApprovalMode = 'ask' | 'yes' | 'reject';

/** The manual validation of the demo. */
export class TerminalApproval implements Validation {
  readonly #terminal: Terminal;
  readonly #mode: ApprovalMode;
  readonly #evidence: () => Promise<string>;
  #answer: ValidationAnswer['answer'] | undefined;

  /**
   * @param evidence writes the evidence so far to this machine and says where it is: the link in the instructions leads
   *   to an Azure DevOps that has no pages here
   */
  constructor(terminal: Terminal, mode: ApprovalMode, evidence: () => Promise<string>) {
    this.#terminal = terminal;
    this.#mode = mode;
    this.#evidence = evidence;
  }

  /** Undefined until somebody has answered. */
  get answer(): ValidationAnswer['answer'] | undefined {
    return this.#answer;
  }

  async ask(request: ValidationRequest): Promise<ValidationAnswer> {
    const terminal = this.#terminal;
    for (const line of request.instructions.trimEnd().split('\n')) terminal.line(`    ${line}`);
    terminal.line(`    On this machine: ${await this.#evidence()}`);
    const answer = await this.#decide(request);
    this.#answer = answer.answer;
    return answer;
  }

  async #decide(request: ValidationRequest): Promise<ValidationAnswer> {
    switch (this.#mode) {
      case 'yes':
        return { answer: 'resumed', by: '--yes', comment: '' };
      case 'reject':
        return { answer: 'rejected', by: '--reject', comment: '' };
      case 'ask':
        return askPerson(this.#terminal, request);
    }
  }
}

async function askPerson(terminal: Terminal, { signal }: ValidationRequest): Promise<ValidationAnswer> {
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  // A readline interface keeps Ctrl-C to itself; the demo's own handler is to have it.
  prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const by = process.env['USER'] ?? 'you';
  try {
    for (;;) {
      const answer = await prompt.question(`    ${terminal.bold('Resume or reject? [resume/reject] ')}`, {
        signal,
      });
      const word = answer.trim().toLowerCase();
      if (['resume', 'r', 'y', 'yes'].includes(word)) return { answer: 'resumed', by, comment: '' };
      if (['reject', 'n', 'no'].includes(word)) return { answer: 'rejected', by, comment: '' };
    }
  } finally {
    prompt.close();
  }
}
