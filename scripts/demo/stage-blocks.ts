import { hasSucceeded, type Result } from '../../sandbox/pipeline/outcome.ts';
import type { Stage, Step } from '../../sandbox/pipeline/pipeline.ts';
import type { Observer, ProcessOutcome } from '../../sandbox/pipeline/services.ts';
import type { Terminal } from './terminal.ts';

/** Shows a run as one block per stage: each step with its outcome and time, and what our tasks say in between. */
export class StageBlocks implements Observer {
  readonly #terminal: Terminal;
  #stageStarted = 0;
  #stepStarted = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  stageStarted(stage: Stage): void {
    this.#stageStarted = Date.now();
    this.#terminal.title(`Stage ${stage.displayName}`);
  }

  stageFinished(stage: Stage, result: Result, why: string | undefined): void {
    const terminal = this.#terminal;
    const took = Date.now() - this.#stageStarted;
    if (result === 'skipped') {
      terminal.title(`Stage ${stage.displayName}`);
      terminal.skipped(`skipped${why === undefined ? '' : `: ${why}`}`);
    } else if (hasSucceeded(result)) {
      terminal.done(terminal.bold(`${stage.displayName} ${result}`), took);
    } else {
      terminal.failed(terminal.bold(`${stage.displayName} ${result}`), took);
    }
  }

  stepStarted(step: Step): void {
    this.#stepStarted = Date.now();
    if (step.kind === 'task')
      this.#terminal.line(`    ${step.displayName} (${step.task.name}@${step.task.major})`);
  }

  line(text: string, step: Step): void {
    if (step.kind !== 'task') return;
    const shown = this.#shown(text);
    if (shown !== undefined) this.#terminal.line(`      ${shown}`);
  }

  stepFinished(step: Step, result: Result, outcome: ProcessOutcome | undefined): void {
    const took = Date.now() - this.#stepStarted;
    if (result === 'skipped') return;
    if (hasSucceeded(result)) {
      this.#terminal.done(step.displayName, took);
      return;
    }
    this.#terminal.failed(`${step.displayName}: ${result}`, took);
    if (step.kind === 'task') return;
    for (const { message } of outcome?.issues ?? []) this.#terminal.note(`  ${message}`);
  }

  /** The agent's marks as a terminal can show them; the head that the agent writes above every task is left out. */
  #shown(text: string): string | undefined {
    const terminal = this.#terminal;
    const mark = /^##\[(\w+)\](.*)$/s.exec(text);
    if (mark === null) return isHead(text) ? undefined : text;
    const [, kind = '', rest = ''] = mark;
    switch (kind) {
      case 'group':
        return terminal.bold(rest);
      case 'error':
        return terminal.red(rest);
      case 'warning':
        return terminal.yellow(rest);
      case 'section':
      case 'endgroup':
      case 'debug':
        return undefined;
      default:
        return rest;
    }
  }
}

function isHead(text: string): boolean {
  return /^=+$/.test(text) || /^(Task|Description|Version|Author|Help) +: /.test(text);
}
