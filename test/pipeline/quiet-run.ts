import { taskOutputs } from '../../scripts/build.ts';
import { runCd } from '../../sandbox/world/cd.ts';
import { runCi, type CiResult } from '../../sandbox/world/ci.ts';
import type { ServiceVersion } from '../../sandbox/world/service-images.ts';
import type { Run } from '../../sandbox/azure/devops-run.ts';
import type { RunOutcome } from '../../sandbox/pipeline/outcome.ts';
import type { Observer, ValidationAnswer } from '../../sandbox/pipeline/services.ts';
import type { Shared } from '../support/world.ts';

/** Keeps what the steps say, for the assertion that wants it. */
export class Transcript implements Observer {
  readonly lines: string[] = [];

  stageStarted(): void {
    // Only lines are of interest.
  }

  stageFinished(): void {
    // As above.
  }

  stepStarted(): void {
    // As above.
  }

  line(text: string): void {
    this.lines.push(text);
  }

  stepFinished(): void {
    // As above.
  }

  get text(): string {
    return this.lines.join('\n');
  }
}

export async function ci({ world, binaries }: Shared, faults?: ServiceVersion['faults']): Promise<CiResult> {
  const observer = new Transcript();
  const result = await runCi(world, {
    binaries,
    commit: 'f'.repeat(40),
    tasks: taskOutputs,
    observer,
    ...(faults && { faults }),
  });
  if (result.outcome.result !== 'succeeded')
    throw new Error(`CI ${result.outcome.result}:\n${observer.text}`);
  return result;
}

export interface Delivery {
  readonly run: Run;
  readonly outcome: RunOutcome;
  readonly transcript: Transcript;
  /** What the person was told who was asked. */
  readonly asked: readonly string[];
}

export async function cd(
  { world }: Shared,
  of: CiResult,
  answer: ValidationAnswer['answer'] = 'resumed',
): Promise<Delivery> {
  const transcript = new Transcript();
  const asked: string[] = [];
  const { run, outcome } = await runCd(world, {
    ci: of.run,
    tasks: taskOutputs,
    observer: transcript,
    validation: {
      ask: ({ instructions }) => {
        asked.push(instructions);
        return Promise.resolve({ answer, by: 'a release manager', comment: '' });
      },
    },
  });
  return { run, outcome, transcript, asked };
}
