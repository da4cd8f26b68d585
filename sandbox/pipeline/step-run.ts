import path from 'node:path';
import { limited } from './limit.ts';
import type { Job, Stage, Step } from './pipeline.ts';
import type { ProcessAgent, ProcessOutcome, RunServices } from './services.ts';
import type { Variables } from './variables.ts';

export interface StepPlace {
  readonly stage: Stage;
  readonly job: Job;
  readonly variables: Variables;
  readonly agent: ProcessAgent;
  readonly workspace: string;
  readonly signal: AbortSignal;
}

/** Runs one step. What it throws becomes its failure, with the message as its issue. */
export async function runStep(step: Step, place: StepPlace, services: RunServices): Promise<ProcessOutcome> {
  services.observer.stepStarted(step, place.job);
  const outcome = await attempt(step, place, services);
  services.observer.stepFinished(step, outcome.result, outcome);
  return outcome;
}

async function attempt(step: Step, place: StepPlace, services: RunServices): Promise<ProcessOutcome> {
  // The agent itself keeps a task's time; what runs without a process is kept here.
  const timed = step.kind === 'task' ? place.signal : limited(place.signal, step.timeoutMinutes);
  try {
    return await work(step, { ...place, signal: timed }, services);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    services.observer.line(message, step);
    return place.signal.aborted ? { ...failed(message), result: 'canceled' } : failed(message);
  }
}

async function work(step: Step, place: StepPlace, services: RunServices): Promise<ProcessOutcome> {
  const { variables, workspace, signal } = place;
  const say = (text: string): void => {
    services.observer.line(text, step);
  };
  const sources = path.join(workspace, 's');
  switch (step.kind) {
    case 'checkout':
      if (step.repository === 'self') await services.checkout.into(sources);
      return succeeded;
    case 'download': {
      const artifact = variables.expand(step.artifact);
      const source = step.source;
      const folder = path.join(workspace, ...(source === 'current' ? [artifact] : [source, artifact]));
      await services.artifacts.download(source, artifact, folder);
      say(`downloaded ${artifact} of ${source === 'current' ? 'this run' : source}`);
      return succeeded;
    }
    case 'publish': {
      const artifact = variables.expand(step.artifact);
      await services.artifacts.publish(artifact, path.resolve(sources, variables.expand(step.path)));
      say(`published ${artifact}`);
      return succeeded;
    }
    case 'manualValidation': {
      const instructions = variables.expand(step.inputs.get('instructions') ?? '');
      const answer = await services.validation.ask({ stage: place.stage.name, instructions, signal });
      const comment = answer.comment === '' ? '' : `: ${answer.comment}`;
      say(`${answer.answer} by ${answer.by}${comment}`);
      return answer.answer === 'resumed' ? succeeded : failed(`rejected by ${answer.by}${comment}`);
    }
    case 'task':
    case 'script':
      return place.agent.run({
        work:
          step.kind === 'task'
            ? { kind: 'task', task: step.task, inputs: step.inputs }
            : { kind: 'script', script: variables.expand(step.script) },
        stepName: step.name,
        displayName: step.displayName,
        environment: step.environment,
        variables: variables.public,
        secrets: variables.secret,
        workingDirectory: sources,
        timeoutMinutes: step.timeoutMinutes,
        retries: step.retries,
        signal,
        onLine: say,
      });
  }
}

const succeeded: ProcessOutcome = {
  result: 'succeeded',
  issues: [],
  outputs: new Map(),
  variables: new Map(),
  secrets: new Map(),
};

function failed(message: string): ProcessOutcome {
  return { ...succeeded, result: 'failed', issues: [{ type: 'error', message }] };
}
