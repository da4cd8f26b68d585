import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { asText, type Scope } from './evaluation.ts';
import { titleOf, worst, type JobOutcome, type Result } from './outcome.ts';
import type { Job, Pipeline, Stage, Step } from './pipeline.ts';
import { limited } from './limit.ts';
import type { RunServices } from './services.ts';
import { holds, mapping, reader, valueAt } from './status.ts';
import { runStep, type StepPlace } from './step-run.ts';
import { setAll, Variables } from './variables.ts';

/** Where a job stands. `read` gives the contexts that its expressions may use. */
export interface JobPlace {
  readonly pipeline: Pipeline;
  readonly stage: Stage;
  readonly job: Job;
  readonly number: number;
  readonly read: Scope['read'];
}

export async function runJob(place: JobPlace, services: RunServices): Promise<JobOutcome> {
  const { job, number } = place;
  const workspace = path.join(services.workFolder, String(number));
  const folders = { s: 'Sources', a: 'ArtifactStaging', b: 'Binaries', TestResults: 'TestResults' };
  await rm(workspace, { recursive: true, force: true });
  for (const folder of Object.keys(folders)) await mkdir(path.join(workspace, folder), { recursive: true });

  const variables = jobVariables(place, services, workspace);
  const agent = services.agent.startJob(job);
  const outputs = new Map<string, string>();
  const results: Result[] = [];
  const signal = limited(services.signal, job.timeoutMinutes);
  for (const step of job.steps) {
    const status = results.length === 0 ? 'succeeded' : worst(results);
    variables.set('Agent.JobStatus', titleOf(status));
    const before = { results: new Map([['job', status]]), canceled: signal.aborted };
    const read = reader({ variables: mapping([...variables.public]) });
    if (!holds(step.condition, before, read)) {
      services.observer.stepFinished(step, 'skipped', undefined);
      continue;
    }
    const stepPlace: StepPlace = { stage: place.stage, job, variables, agent, workspace, signal };
    const outcome = await runStep(step, stepPlace, services);
    for (const [name, value] of outcome.outputs) {
      outputs.set(job.kind === 'deployment' ? `${job.name}.${name}` : name, value);
      variables.set(name, value);
    }
    for (const [name, value] of outcome.variables) variables.set(name, value);
    for (const [name, value] of outcome.secrets) variables.setSecret(name, value);
    results.push(forgiven(step, outcome.result));
  }
  return { result: results.length === 0 ? 'succeeded' : worst(results), outputs };
}

function forgiven(step: Step, result: Result): Result {
  return step.continueOnError && result === 'failed' ? 'succeededWithIssues' : result;
}

/** The job's variables: the service's, the agent's, then the pipeline's, the stage's and the job's own. */
function jobVariables(place: JobPlace, services: RunServices, workspace: string): Variables {
  const { pipeline, stage, job } = place;
  const variables = new Variables();
  const sources = path.join(workspace, 's');
  const staging = path.join(workspace, 'a');
  const own: Readonly<Record<string, string>> = {
    'System.StageName': stage.name,
    'System.StageDisplayName': stage.displayName,
    'System.StageAttempt': '1',
    'System.PhaseName': job.name,
    'System.PhaseAttempt': '1',
    'System.JobName': job.kind === 'deployment' ? job.name : '__default',
    'System.JobDisplayName': job.displayName,
    'System.JobAttempt': '1',
    'System.DefaultWorkingDirectory': sources,
    'System.ArtifactsDirectory': staging,
    'System.WorkFolder': services.workFolder,
    'Agent.JobName': job.displayName,
    'Agent.WorkFolder': services.workFolder,
    'Agent.BuildDirectory': workspace,
    'Pipeline.Workspace': workspace,
    'Build.SourcesDirectory': sources,
    'Build.Repository.LocalPath': sources,
    'Build.ArtifactStagingDirectory': staging,
    'Build.StagingDirectory': staging,
    'Build.BinariesDirectory': path.join(workspace, 'b'),
    'Common.TestResultsDirectory': path.join(workspace, 'TestResults'),
    ...(job.environment === undefined
      ? {}
      : { 'Environment.Name': job.environment, 'Strategy.Name': 'runOnce', 'Strategy.CycleName': '' }),
  };
  for (const [name, value] of [...services.variables, ...Object.entries(own)]) variables.set(name, value);
  for (const written of [pipeline.variables, stage.variables, job.variables]) {
    setAll(variables, written, (variable) => asText(valueAt(variable.value.of, { read: place.read })));
  }
  variables.settle();
  return variables;
}
