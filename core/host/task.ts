import { isDeliveryError } from '../model/errors.ts';
import type { Agent } from './agent.ts';
import { CommandLog } from './agent-log.ts';
import { neutralLine } from './neutral.ts';
import { describeDefect, describeFailure } from './outcome.ts';
import { PipelineAgent } from './pipeline-agent.ts';
import { openSdk } from './sdk.ts';
import { Secrets } from './secrets.ts';

/**
 * After SIGINT the agent waits 7.5 s, after SIGTERM another 2.5 s, and then kills (ProcessInvoker of the agent). Ending
 * before the first of them leaves nothing to chance; what a task must undo, it undoes within this.
 */
const cancellationBudget = 6_500;

type Result = 'Succeeded' | 'SucceededWithIssues' | 'Failed' | 'Canceled';

/**
 * Runs a task under the Azure Pipelines agent: builds its Agent, runs `main`, reports the result and ends the process.
 * A DeliveryError fails the task with one issue that the author can act on; anything else thrown is our own defect and
 * says so. The exit code is 0 in every case: the result is what `task.complete` says, as the agent wants it.
 */
export function startTask(main: (agent: Agent) => Promise<void>): void {
  const sdk = openSdk();
  const secrets = new Secrets((line) => {
    sdk.setSecret(line);
  });
  const log = new CommandLog(sdk, print, (text) => secrets.redact(text));
  const cancellation = new AbortController();
  let finished = false;

  // task.complete by hand: the SDK spells the cancelled result in a way that the agent refuses.
  const finish = (result: Result, message: string): void => {
    if (finished) return;
    finished = true;
    sdk.command('task.complete', { result, done: 'true' }, neutralLine(secrets.redact(message)));
    // Whatever is still open (a watch, a keep-alive connection) must not hold the step until its timeout.
    process.stdout.write('', () => process.exit(0));
  };

  const fail = (thrown: unknown): void => {
    if (finished) return;
    if (cancellation.signal.aborted) {
      log.debug(String(thrown));
      finish('Canceled', 'The run was cancelled.');
      return;
    }
    const failure = isDeliveryError(thrown) ? describeFailure(thrown) : describeDefect(thrown);
    for (const line of failure.debug) log.debug(line);
    log.error(failure.issue);
    finish('Failed', failure.message);
  };

  const cancel = (signal: NodeJS.Signals): void => {
    if (cancellation.signal.aborted) return;
    log.line(`Cancelled (${signal}): stopping.`);
    cancellation.abort();
    setTimeout(() => {
      log.warning(
        'The task did not stop in time after the cancellation: what it was doing may be half done.',
      );
      finish('Canceled', 'The run was cancelled.');
    }, cancellationBudget).unref();
  };

  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  // The SDK's own handler reports and then lets the process live on; a task that lost its thread must end.
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') fail(error);
  });
  // Node ends in peace when nothing is left to wait for, and the agent would call that a success.
  process.once('beforeExit', () => {
    fail(new Error('the task ended while it was still waiting for something'));
  });

  const run = async (): Promise<readonly string[]> => {
    const surroundings = { currentDirectory: process.cwd(), processId: process.pid };
    const agent = new PipelineAgent(sdk, secrets, log, surroundings, cancellation.signal);
    await main(agent);
    return agent.issues;
  };
  run().then((issues) => {
    if (cancellation.signal.aborted) finish('Canceled', 'The run was cancelled.');
    else if (issues.length > 0) finish('SucceededWithIssues', issues.join('; '));
    else finish('Succeeded', '');
  }, fail);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
