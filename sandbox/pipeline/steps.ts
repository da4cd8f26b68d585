import type { Catalog } from './catalog.ts';
import { readCondition } from './conditions.ts';
import { Fields } from './fields.ts';
import type { KnownInput, KnownTask, Step, StepFrame, StepWork } from './pipeline.ts';
import { PipelineRefused } from './refusal.ts';
import type { Source } from './source.ts';
import type { Tree } from './tree.ts';

/** Reads a list of steps, templates included. */
export function readSteps(items: readonly Tree[], source: Source, catalog: Catalog): readonly Step[] {
  return items.flatMap((item) => {
    const fields = Fields.of(item, 'a step');
    if (fields.has('template')) return readSteps(source.template(fields, 'steps'), source, catalog);
    if (!fields.flag('enabled', true)) return [];
    const work = readWork(fields, catalog);
    const step: Step = { ...readFrame(fields, titleOf(work)), ...work };
    fields.close();
    return [step];
  });
}

const kinds = ['task', 'download', 'publish', 'checkout', 'bash'] as const;

function readWork(fields: Fields, catalog: Catalog): StepWork {
  const kind = kinds.find((candidate) => fields.has(candidate));
  switch (kind) {
    case 'task':
      return readTask(fields, catalog);
    case 'download':
      return { kind, source: fields.text('download'), artifact: fields.text('artifact') };
    case 'publish':
      return { kind, path: fields.text('publish'), artifact: fields.text('artifact') };
    case 'bash':
      return { kind: 'script', script: fields.text('bash') };
    case 'checkout': {
      const repository = fields.text('checkout');
      // A copy of the working tree has no history to be shallow.
      fields.count('fetchDepth');
      if (repository === 'self' || repository === 'none') return { kind, repository };
      throw new PipelineRefused(
        fields.placeOf('checkout'),
        'checkout knows self and none, no other repository',
      );
    }
    case undefined: {
      const [first = 'nothing'] = fields.names;
      throw new PipelineRefused(
        fields.placeOf(first),
        `a step of kind "${first}" is not in the subset: ${kinds.join(', ')}, template`,
      );
    }
  }
}

function readTask(fields: Fields, catalog: Catalog): StepWork {
  const written = fields.text('task');
  const at = fields.placeOf('task');
  const match = /^([A-Za-z][\w.-]*)@(\d+)$/.exec(written);
  if (match === null) throw new PipelineRefused(at, `write the task as Name@Major, not "${written}"`);
  const inputs = fields.pairs('inputs');
  if (written === 'ManualValidation@1') {
    const known = [
      'notifyUsers',
      'approvers',
      'allowApproversToApproveTheirOwnRuns',
      'instructions',
      'onTimeout',
    ];
    const unknown = inputs.find((input) => !known.includes(input.key));
    if (unknown !== undefined)
      throw new PipelineRefused(unknown.at, `${written} has no input "${unknown.key}"`);
    return { kind: 'manualValidation', inputs: new Map(inputs.map(({ key, value }) => [key, value])) };
  }
  const task = catalog.task(match[1] ?? '', Number(match[2]));
  if (task === undefined) {
    const known = ['ManualValidation@1', ...catalog.taskNames].join(', ');
    throw new PipelineRefused(at, `the task ${written} is not one that the runner has: ${known}`);
  }
  const bound = new Map<string, string>();
  for (const { key, value, at: place } of inputs) {
    const input = inputNamed(task, key);
    if (input === undefined) {
      throw new PipelineRefused(place, `${written} has no input "${key}": it has ${namesOf(task)}`);
    }
    if (bound.has(input.name))
      throw new PipelineRefused(place, `"${key}" gives the input ${input.name} twice`);
    const isConnection = input.type.startsWith('connectedService:');
    if (isConnection && value !== '' && !value.includes('$(') && !catalog.connections.has(value)) {
      throw new PipelineRefused(
        place,
        `there is no service connection "${value}": there is ${[...catalog.connections].join(', ')}`,
      );
    }
    bound.set(input.name, value);
  }
  const missing = task.inputs.find(
    (input) =>
      input.required && !input.hasDefault && !input.conditional && (bound.get(input.name) ?? '') === '',
  );
  if (missing !== undefined) throw new PipelineRefused(at, `${written} needs the input "${missing.name}"`);
  return { kind: 'task', task, inputs: bound };
}

function inputNamed(task: KnownTask, name: string): KnownInput | undefined {
  const wanted = name.toLowerCase();
  return task.inputs.find((input) =>
    [input.name, ...input.aliases].some((candidate) => candidate.toLowerCase() === wanted),
  );
}

function namesOf(task: KnownTask): string {
  return task.inputs.map((input) => input.name).join(', ');
}

function readFrame(fields: Fields, title: string): StepFrame {
  return {
    name: fields.optionalText('name'),
    displayName: fields.optionalText('displayName') ?? title,
    at: fields.at,
    condition: readCondition(fields),
    continueOnError: fields.flag('continueOnError', false),
    environment: new Map(fields.pairs('env').map(({ key, value }) => [key, value])),
    timeoutMinutes: fields.count('timeoutInMinutes'),
    retries: fields.has('task') ? (fields.count('retryCountOnTaskFailure') ?? 0) : 0,
  };
}

function titleOf(work: StepWork): string {
  switch (work.kind) {
    case 'checkout':
      return `Checkout ${work.repository}`;
    case 'download':
      return `Download ${work.artifact}`;
    case 'publish':
      return `Publish ${work.artifact}`;
    case 'script':
      return 'Bash';
    case 'manualValidation':
      return 'ManualValidation';
    case 'task':
      return work.task.name;
  }
}
