import type { Agent } from '../../core/host/agent.ts';
import type { ContainerRegistryConnection } from '../../core/host/connections.ts';
import { DeliveryError } from '../../core/model/errors.ts';
import type { ImageRules } from '../../core/model/image-rules.ts';
import type { ImageRequest } from '../../core/operations/resolve/request.ts';
import { hostOf } from '../registry-access.ts';
import { parseImageLines } from './image-line.ts';

export interface ResolveInputs {
  readonly connection: ContainerRegistryConnection | undefined;
  readonly images: readonly ImageRequest[];
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
  const lines = inputs.lines('images');
  if (lines.length === 0) inputs.required('images');
  inputs.required('releaseFile');
  return {
    connection,
    images: parseImageLines(lines, connection === undefined ? undefined : hostOf(connection)),
    rules: readRules(agent),
    releaseName: inputs.required('releaseName'),
    releaseFile: inputs.path('releaseFile') ?? '',
    tagRun: inputs.flag('tagRun'),
    timeout: inputs.duration('timeout', { min: 10_000, otherwise: 10 * minute }),
  };
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
