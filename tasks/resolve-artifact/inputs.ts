import { resolve } from 'node:path';
import type { RunQuery } from '../../core/clients/devops/runs.ts';
import type { Agent } from '../../core/host/agent.ts';
import type { ContainerRegistryConnection } from '../../core/host/connections.ts';
import { DeliveryError } from '../../core/model/errors.ts';
import type { ImageRules } from '../../core/model/image-rules.ts';
import type { ImageRequest } from '../../core/operations/resolve/request.ts';
import { hostOf } from '../registry-access.ts';
import { parseImageLines } from './image-line.ts';

/** Where the images are named. */
export type ImageSource =
  | { readonly kind: 'registry'; readonly images: readonly ImageRequest[] }
  | RunSource
  | { readonly kind: 'deployment'; readonly namespace: string }
  | { readonly kind: 'buildOutput'; readonly files: readonly string[] };

/** The release record that a run published. */
export interface RunSource {
  readonly kind: 'pipelineRun';
  /** Undefined is the project of this run. */
  readonly project: string | undefined;
  readonly query: RunQuery;
  readonly artifact: string;
  /** Of the record, within the artifact. */
  readonly path: string;
}

export interface ResolveInputs {
  readonly connection: ContainerRegistryConnection | undefined;
  readonly source: ImageSource;
  readonly rules: ImageRules;
  readonly releaseName: string;
  readonly releaseFile: string;
  readonly tagRun: boolean;
  /** In milliseconds. */
  readonly timeout: number;
}

const minute = 60_000;

export function readInputs(agent: Agent): ResolveInputs {
  const { inputs } = agent;
  const connection =
    inputs.text('containerRegistry') === undefined
      ? undefined
      : agent.connections.containerRegistry('containerRegistry');
  inputs.required('releaseFile');
  return {
    connection,
    source: readSource(agent, connection === undefined ? undefined : hostOf(connection)),
    rules: readRules(agent),
    releaseName: inputs.required('releaseName'),
    releaseFile: inputs.path('releaseFile') ?? '',
    tagRun: inputs.flag('tagRun'),
    timeout: inputs.duration('timeout', { min: 10_000, otherwise: 10 * minute }),
  };
}

function readSource(agent: Agent, host: string | undefined): ImageSource {
  const { inputs } = agent;
  switch (inputs.oneOf('source', ['registry', 'pipelineRun', 'deployment', 'buildOutput'], 'registry')) {
    case 'registry': {
      const lines = inputs.lines('images');
      if (lines.length === 0) inputs.required('images');
      return { kind: 'registry', images: parseImageLines(lines, host) };
    }
    case 'pipelineRun':
      return {
        kind: 'pipelineRun',
        project: inputs.text('project'),
        query: readQuery(agent),
        artifact: inputs.text('artifact') ?? 'release',
        path: inputs.text('artifactPath') ?? 'release.json',
      };
    case 'deployment':
      return { kind: 'deployment', namespace: inputs.required('namespace') };
    case 'buildOutput': {
      const files = inputs.lines('buildOutput');
      if (files.length === 0) inputs.required('buildOutput');
      return { kind: 'buildOutput', files: files.map((file) => resolve(agent.workingDirectory, file)) };
    }
  }
}

/** A run by its id or by the alias of a pipeline resource, or else a pipeline's latest. */
function readQuery(agent: Agent): RunQuery {
  const { inputs } = agent;
  const id = inputs.integer('runId', { min: 1 });
  if (id !== undefined) return { kind: 'run', id };
  const pipeline = inputs.required('pipeline');
  const resource = agent.variable(`resources.pipeline.${pipeline}.runID`);
  if (resource !== undefined && inputs.text('branch') === undefined)
    return { kind: 'run', id: Number(resource) };
  return { kind: 'latest', pipeline, branch: inputs.text('branch') };
}

function readRules(agent: Agent): ImageRules {
  const { inputs } = agent;
  return {
    platforms: words(inputs.lines('requiredPlatforms')),
    labels: Object.fromEntries(inputs.lines('requiredLabels').map(parseLabel)),
    maxAge: inputs.duration('maxAge'),
    referrers: words(inputs.lines('requiredReferrers')),
    mediaTypes: words(inputs.lines('allowedMediaTypes')),
    maxSize: inputs.parsed('maxSize', parseSize),
  };
}

function words(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(/[\s,]+/)).filter((word) => word !== '');
}

function parseLabel(line: string): [string, string] {
  const equals = line.indexOf('=');
  if (equals > 0) return [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
  throw new DeliveryError('InputInvalid', `requiredLabels: "${line}" is not a label and its value`, {
    hint: 'Write label=value, as in org.opencontainers.image.revision=$(Build.SourceVersion).',
  });
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** Bytes from "500 MB", "1.5GiB" or a bare number. */
function parseSize(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([kKmMgG]?i?[bB])?$/.exec(text);
  const unit = units[(found?.[2] ?? 'B').toUpperCase()];
  if (found?.[1] === undefined || unit === undefined) {
    throw new DeliveryError('InputInvalid', `"${text}" is not a size`, {
      hint: 'Write it as 500MB or 2GiB.',
    });
  }
  return Math.floor(Number(found[1]) * unit);
}
