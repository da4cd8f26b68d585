import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type {
  RunServices,
  ProcessOutcome,
  ProcessRequest,
  ValidationAnswer,
} from '../../sandbox/pipeline/services.ts';

export const done: ProcessOutcome = {
  result: 'succeeded',
  issues: [],
  outputs: new Map(),
  variables: new Map(),
  secrets: new Map(),
};

/** Services that run nothing: what a process does is `process`, and everything that happens is written to `log`. */
export class FakeServices {
  readonly log: string[] = [];
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'agent-'));
  process: (request: ProcessRequest) => ProcessOutcome = () => done;
  answer: ValidationAnswer = { answer: 'resumed', by: 'a tester', comment: '' };
  readonly abort = new AbortController();

  get services(): RunServices {
    const say = (text: string): void => {
      this.log.push(text);
    };
    const saying = (text: string): Promise<void> => {
      say(text);
      return Promise.resolve();
    };
    return {
      agent: {
        startJob: () => ({
          run: (request) => {
            const { work } = request;
            say(
              work.kind === 'script'
                ? `script ${work.script}`
                : `task ${work.task.name} ${JSON.stringify([...work.inputs])}`,
            );
            return Promise.resolve(this.process(request));
          },
        }),
      },
      artifacts: {
        publish: (artifact) => saying(`publish ${artifact}`),
        download: (source, artifact) => saying(`download ${source} ${artifact}`),
      },
      validation: {
        ask: ({ instructions }) => {
          say(`ask ${instructions}`);
          return Promise.resolve(this.answer);
        },
      },
      checkout: { into: () => saying('checkout') },
      observer: {
        stageStarted: (stage) => {
          say(`[${stage.name}`);
        },
        stageFinished: (stage, result, why) => {
          say(`${stage.name} ${result}${why === undefined ? '' : `: ${why}`}]`);
        },
        stepStarted: () => undefined,
        line: () => undefined,
        stepFinished: () => undefined,
      },
      variables: new Map([['Build.BuildId', '7']]),
      workFolder: this.#folder,
      signal: this.abort.signal,
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
