import type { Catalog } from './catalog.ts';
import { readCondition, readVariables } from './conditions.ts';
import { Fields } from './fields.ts';
import type { Job, Step } from './pipeline.ts';
import { PipelineRefused } from './refusal.ts';
import type { Source } from './source.ts';
import { readSteps } from './steps.ts';
import type { Tree } from './tree.ts';

/** Reads a list of jobs and deployment jobs, templates included. */
export function readJobs(items: readonly Tree[], source: Source, catalog: Catalog): readonly Job[] {
  return items.flatMap((item) => {
    const fields = Fields.of(item, 'a job');
    if (fields.has('template')) return readJobs(source.template(fields, 'jobs'), source, catalog);
    const job = fields.has('deployment')
      ? readDeployment(fields, source, catalog)
      : readJob(fields, source, catalog);
    fields.close();
    return [job];
  });
}

function readJob(fields: Fields, source: Source, catalog: Catalog): Job {
  const name = fields.text('job');
  const kind = readPool(fields);
  const steps = readSteps(fields.list('steps'), source, catalog);
  checkPlace(steps, kind);
  // Without a checkout step of its own, a job checks the pipeline's repository out.
  const checkedOut = kind === 'server' || steps.some((step) => step.kind === 'checkout');
  const all = checkedOut ? steps : [checkout(fields), ...steps];
  return { ...frame(fields, name, source), kind, environment: undefined, steps: all };
}

function readDeployment(fields: Fields, source: Source, catalog: Catalog): Job {
  const name = fields.text('deployment');
  const environment = fields.text('environment');
  const kind = readPool(fields);
  if (kind === 'server') throw new PipelineRefused(fields.placeOf('pool'), 'a deployment job needs an agent');
  const strategy = Fields.of(required(fields, 'strategy'), 'the strategy');
  const runOnce = Fields.of(required(strategy, 'runOnce'), 'runOnce');
  const deploy = Fields.of(required(runOnce, 'deploy'), 'deploy');
  const steps = readSteps(deploy.list('steps'), source, catalog);
  for (const part of [deploy, runOnce, strategy]) part.close();
  checkPlace(steps, 'deployment');
  return { ...frame(fields, name, source), kind: 'deployment', environment, steps };
}

function required(fields: Fields, name: string): Tree {
  const tree = fields.tree(name);
  if (tree !== undefined) return tree;
  throw new PipelineRefused(
    fields.at,
    `"${name}" is missing: a deployment job needs strategy, runOnce, deploy, steps`,
  );
}

/** This machine stands for every pool; only `server` means something else. */
export function readPool(fields: Fields): 'agent' | 'server' {
  const pool = fields.tree('pool');
  if (pool?.kind === 'scalar') return pool.value === 'server' ? 'server' : 'agent';
  if (pool === undefined) return 'agent';
  const inner = Fields.of(pool, 'the pool');
  inner.optionalText('vmImage');
  inner.optionalText('name');
  inner.close();
  return 'agent';
}

function checkPlace(steps: readonly Step[], kind: Job['kind']): void {
  const wrong = steps.find((step) => (step.kind === 'manualValidation') !== (kind === 'server'));
  if (wrong === undefined) return;
  throw new PipelineRefused(
    wrong.at,
    kind === 'server'
      ? 'a job with "pool: server" has no agent: only ManualValidation@1 runs there'
      : 'ManualValidation@1 runs without an agent: it needs a job with "pool: server"',
  );
}

function frame(fields: Fields, name: string, source: Source): Omit<Job, 'kind' | 'environment' | 'steps'> {
  return {
    name,
    displayName: fields.optionalText('displayName') ?? name,
    at: fields.at,
    dependsOn: fields.texts('dependsOn') ?? [],
    condition: readCondition(fields),
    variables: readVariables(fields, source),
    timeoutMinutes: fields.count('timeoutInMinutes'),
  };
}

function checkout(fields: Fields): Step {
  return {
    kind: 'checkout',
    repository: 'self',
    name: undefined,
    displayName: 'Checkout self',
    at: fields.at,
    condition: undefined,
    continueOnError: false,
    environment: new Map(),
    timeoutMinutes: undefined,
    retries: 0,
  };
}
