import { pipelines } from '../names.ts';
import type { Run } from '../azure/devops-run.ts';
import type { RunOutcome } from '../pipeline/outcome.ts';
import type { Observer, Validation } from '../pipeline/services.ts';
import type { World } from '../world.ts';
import { runInWorld } from './pipeline-runs.ts';

export const cdPipeline = 'pipelines/sample/azure-pipelines-cd.yml';

export interface CdRequest {
  /** The CI run that triggers it. */
  readonly ci: Run;
  readonly tasks: string;
  readonly parameters?: Readonly<Record<string, string | boolean>>;
  readonly validation: Validation;
  readonly observer: Observer;
  readonly signal?: AbortSignal;
}

/** A run of the shop's CD, as its YAML has it. */
export async function runCd(
  world: World,
  { ci, ...request }: CdRequest,
): Promise<{ readonly run: Run; readonly outcome: RunOutcome }> {
  const run = await world.azure.devops.startRun({
    pipeline: pipelines.cd.name,
    commit: ci.commit,
    reason: 'resourceTrigger',
    resources: [{ alias: 'ci', run: ci }],
  });
  const outcome = await runInWorld(world, { ...request, file: cdPipeline, run });
  return { run, outcome };
}
