import { stat } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { DeliveryError } from '../model/errors.ts';
import { isObject, Reader } from '../model/json.ts';
import { failureOfEngine, failureOfLinks } from './engine-failure.ts';
import { sourcesMount, type EngineMounts } from './engine-files.ts';
import type { Engines } from './engines.ts';
import { explainHelm } from './helm-failure.ts';
import { hookEvents, readPolicies, type HelmHook } from './helm-hooks.ts';
import { readLayers, type ValuesLayer } from './helm-values.ts';

/** A folder or a .tgz on this machine, or the bytes of a .tgz that somebody fetched. */
export type Chart =
  { readonly path: string } | { readonly archive: Uint8Array; /** For messages. */ readonly name: string };

export interface HelmRequest {
  readonly chart: Chart;
  /** Links of a chart's folder are followed only within it; the chart's own folder by default. The chart lies in it. */
  readonly root?: string;
  readonly release: {
    readonly name: string;
    readonly namespace: string;
    /** 1 by default. */
    readonly revision?: number;
    readonly isUpgrade?: boolean;
  };
  /** Later ones win: maps are merged, lists replaced, null removes. */
  readonly values?: readonly ValuesLayer[];
  /** The cluster's, such as "v1.34.4"; by default that of the Helm release. */
  readonly kubeVersion?: string;
  /** Beside those that Helm knows: "monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor". */
  readonly apiVersions?: readonly string[];
  readonly skipSchemaValidation?: boolean;
  /** Stops the rendering at once, whatever it is doing; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface HelmResult {
  readonly chart: { readonly name: string; readonly version: string; readonly appVersion?: string };
  /** The files of crds/ of the chart and its subcharts, which Helm applies first and never changes or deletes. */
  readonly crds: string;
  /** All other objects but hooks, in Helm's order of installation. */
  readonly manifests: string;
  /** In the order of `helm template`; see hooksOf. */
  readonly hooks: readonly HelmHook[];
  readonly notes?: string;
  /** Without values, so fit to be shown. */
  readonly warnings: readonly string[];
}

/**
 * Renders a chart as `helm template` does, without cluster, network and programs: `lookup` finds nothing.
 * @throws DeliveryError `RenderFailed`; `FileNotFound`, `InputInvalid` for what the request names
 */
export async function renderHelm(engines: Engines, request: HelmRequest): Promise<HelmResult> {
  const { release, kubeVersion = '', apiVersions = [], skipSchemaValidation = false, signal } = request;
  const chart = await locate(request.chart, request.root);
  const { layers, files } = await readLayers(request.values ?? []);
  const outcome = await engines.run({
    engine: 'helm',
    request: {
      chart: chart.guestPath,
      release: {
        name: release.name,
        namespace: release.namespace,
        revision: release.revision ?? 1,
        isUpgrade: release.isUpgrade ?? false,
      },
      values: layers,
      kubeVersion,
      apiVersions,
      skipSchemaValidation,
    },
    mounts: { ...chart.mounts, files: { ...chart.mounts.files, ...files } },
    ...(signal === undefined ? {} : { signal }),
  });
  const { answer } = outcome;
  const subject = `chart ${chart.name}`;
  if (!isObject(answer)) throw failureOfEngine(outcome, subject) ?? new Error('helm answered something else');
  if (isObject(answer['failure'])) {
    throw failureOfLinks(outcome, subject) ?? explainHelm(answer['failure'], chart.name);
  }
  return readAnswer(answer);
}

/** The bytes that `helm template` writes for this result. */
export function templateText(
  result: HelmResult,
  options: { readonly includeCrds?: boolean; readonly skipTests?: boolean } = {},
): string {
  const objects = `${options.includeCrds === true ? result.crds : ''}${result.manifests}`;
  const hooks = result.hooks
    .filter((hook) => !(options.skipTests === true && hook.events.includes('test')))
    .map((hook) => `---\n# Source: ${hook.path}\n${hook.manifest}\n`);
  return `${objects.replace(leadingSpace, '').replace(trailingSpace, '')}\n${hooks.join('')}`;
}

// Go's strings.TrimSpace, which leaves the byte order mark alone that JavaScript's trim takes.
const leadingSpace = /^[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;
const trailingSpace = /[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/u;

interface LocatedChart {
  /** How messages call it. */
  readonly name: string;
  readonly guestPath: string;
  readonly mounts: EngineMounts;
}

async function locate(chart: Chart, root: string | undefined): Promise<LocatedChart> {
  if ('archive' in chart) {
    return {
      name: chart.name,
      guestPath: '/input/chart.tgz',
      mounts: { files: { 'chart.tgz': chart.archive } },
    };
  }
  const path = resolve(root ?? '.', chart.path);
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) {
    throw new DeliveryError('FileNotFound', `there is no chart at ${chart.path}`, {
      hint: 'Check the path, and that the job checks out the repository or downloads the artifact that holds the chart.',
    });
  }
  const mounted = root ?? (status.isDirectory() ? path : dirname(path));
  const inside = relative(resolve(mounted), path).split(sep).join('/');
  if (inside === '..' || inside.startsWith('../') || /^[a-z]:/i.test(inside)) {
    throw new DeliveryError('InputInvalid', `the chart ${chart.path} is not in ${mounted}`, {
      hint: 'Name a chart of the job’s sources.',
    });
  }
  return {
    name: inside === '' ? basename(path) : inside,
    guestPath: inside === '' ? sourcesMount : `${sourcesMount}/${inside}`,
    mounts: { root: mounted },
  };
}

function readAnswer(answer: Readonly<Record<string, unknown>>): HelmResult {
  const reader = Reader.of(answer, 'the answer of helm', 'RenderFailed');
  const notes = reader.optionalText('notes');
  return {
    chart: reader.object('chart', (chart) => {
      const appVersion = chart.optionalText('appVersion');
      return {
        name: chart.string('name'),
        version: chart.string('version'),
        ...(appVersion === undefined ? {} : { appVersion }),
      };
    }),
    crds: reader.optionalText('crds') ?? '',
    manifests: reader.optionalText('manifests') ?? '',
    hooks: reader.list('hooks', (hook) => ({
      kind: hook.optionalText('kind') ?? '',
      name: hook.optionalText('name') ?? '',
      path: hook.string('path'),
      manifest: hook.string('manifest'),
      events: hookEvents.filter((event) => hook.strings('events').includes(event)),
      weight: hook.optionalNumber('weight') ?? 0,
      deletePolicies: readPolicies(hook.strings('deletePolicies')),
    })),
    ...(notes === undefined ? {} : { notes }),
    warnings: reader.strings('warnings'),
  };
}
