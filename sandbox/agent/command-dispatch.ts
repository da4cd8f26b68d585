import type { CommandHandler } from './command-handler.ts';
import { parseCommand } from './command.ts';
import { artifactCommands, buildCommands, resultsCommands } from './run-commands.ts';
import { isCommandAllowed } from './restrictions.ts';
import type { Step } from './step.ts';
import { taskCommands } from './task-commands.ts';

const areas: Readonly<Record<string, Readonly<Record<string, CommandHandler>>>> = {
  task: taskCommands,
  build: buildCommands,
  artifact: artifactCommands,
  results: resultsCommands,
  telemetry: { publish: () => undefined },
};

/** Areas that only builds have. Agent: BuildCommandExtension.cs. */
const buildOnly: ReadonlySet<string> = new Set(['build']);

/**
 * One line of the task's output: a command is carried out and kept from the log, anything else goes there. Agent:
 * WorkerCommandManager.cs.
 */
export function processLine(step: Step, line: string): void {
  const command = parseCommand(line);
  if (command === undefined) {
    if (line.includes('##vso')) {
      step.log.warning(
        `'${line}' contains the logging command keyword '##vso', but it's not a legal command.`,
      );
      step.violate(`printed a line with ##vso that is no command: ${line}`);
    }
    refuseBareSecret(step, line);
    step.log.write(line);
    return;
  }
  const name = `${command.area}.${command.event}`;
  if (!line.startsWith('##vso[')) {
    // The agent obeys; our tasks never print a command after other text, so somebody else's text carried it in.
    step.violate(`printed the command ${name} within other text: ${line}`);
  }
  const area = areas[command.area];
  if (area === undefined) {
    step.log.warning(`Can't find command extension for ##vso[${command.area}.command].`);
    step.violate(`used the unknown command area ${command.area}`);
    return;
  }
  if (buildOnly.has(command.area) && !step.isBuild) {
    fail(step, line, `${command.area} commands are not supported in a release`);
    return;
  }
  try {
    const handler = area[command.event];
    if (handler === undefined) throw new Error(`${name} is not a recognized command`);
    if (!isCommandAllowed(step.definition.restrictions, name)) {
      step.log.warning(`##vso[${name}] is not allowed in this step due to policy restrictions.`);
      step.violate(`used ${name}, which its own restrictions forbid`);
      return;
    }
    handler(step, command);
  } catch (error) {
    fail(step, line, error instanceof Error ? error.message : String(error));
  }
  if (name !== 'task.debug') step.log.debug(`Processed: ${line}`);
}

function fail(step: Step, line: string, reason: string): void {
  step.log.error(`Unable to process command '${line}' successfully.`);
  step.log.error(reason);
  step.failCommand();
  step.violate(`gave a command that the agent cannot carry out: ${reason} (${line})`);
}

/** The mask would hide it, and only where the agent writes: a task must not lean on that. */
function refuseBareSecret(step: Step, line: string): void {
  for (const secret of step.secrets) {
    if (secret.length >= 8 && line.includes(secret)) {
      step.violate(`printed a secret in clear: ${step.masker.mask(line)}`);
      return;
    }
  }
}
