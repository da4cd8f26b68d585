import type { Command } from './command.ts';
import type { Step } from './step.ts';

/**
 * Carries out one command.
 * @throws Error what the agent would throw: it fails the step then, whatever the task says later
 */
export type CommandHandler = (step: Step, command: Command) => void;
