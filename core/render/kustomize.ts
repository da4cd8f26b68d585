import { relative, resolve, sep } from 'node:path';
import { DeliveryError } from '../model/errors.ts';
import { isObject } from '../model/json.ts';
import { authorsPaths, failureOfEngine, failureOfLinks, withoutSecrets } from './engine-failure.ts';
import { sourcesMount } from './engine-files.ts';
import type { Engines, EngineOutcome } from './engines.ts';

export interface KustomizeRequest {
  /** Holds kustomization.yaml. */
  readonly directory: string;
  /** Nothing outside is read; links are followed only within it. The directory lies in it. */
  readonly root: string;
  /** Stops the build at once, whatever it is doing; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface KustomizeResult {
  /** All objects as YAML documents: the bytes of `kustomize build`. */
  readonly manifests: string;
  /** What Kustomize says of deprecated fields. */
  readonly warnings: readonly string[];
}

/**
 * Builds a kustomization as `kustomize build` does, without network and without programs.
 * @throws DeliveryError `RenderFailed`; `InputInvalid` when the directory is not in the root
 */
export async function renderKustomize(engines: Engines, request: KustomizeRequest): Promise<KustomizeResult> {
  const { directory, root, signal } = request;
  const inside = pathInside(directory, root);
  const outcome = await engines.run({
    engine: 'kustomize',
    request: { directory: inside === '' ? sourcesMount : `${sourcesMount}/${inside}` },
    mounts: { root },
    ...(signal === undefined ? {} : { signal }),
  });
  const subject = `kustomization ${inside === '' ? '.' : inside}`;
  const answer = outcome.answer;
  if (!isObject(answer))
    throw failureOfEngine(outcome, subject) ?? new Error('kustomize answered something else');
  if (isObject(answer['failure'])) throw explain(answer['failure'], outcome, subject);
  return { manifests: textOf(answer['manifests']), warnings: warningsOf(outcome.errors) };
}

function explain(
  failure: Readonly<Record<string, unknown>>,
  outcome: EngineOutcome,
  subject: string,
): DeliveryError {
  const escaped = failureOfLinks(outcome, subject);
  if (escaped !== undefined) return escaped;
  const file = authorsPaths(textOf(failure['file']));
  const entry = textOf(failure['entry']);
  switch (failure['kind']) {
    case 'remote':
      return new DeliveryError('RenderFailed', `${file} takes "${entry}" from another place`, {
        hint:
          'Nothing is fetched while rendering, so that what is deployed is what was reviewed. Keep a copy in the ' +
          'repository (kustomize localize makes one), or check the other repository out in the pipeline and name its folder.',
      });
    case 'helm':
      return new DeliveryError('RenderFailed', `${file} has the chart "${entry}" in helmCharts`, {
        hint: 'Kustomize would start the helm program for it. Render the chart by itself, as a deployment of its own, or keep its rendered manifests as a resource.',
      });
    default: {
      const secrets = Array.isArray(failure['secrets']) ? failure['secrets'].filter(isText) : [];
      const message = authorsPaths(withoutSecrets(textOf(failure['message']), secrets));
      return new DeliveryError('RenderFailed', `${subject} cannot be built: ${message}`, {
        hint: hintFor(message),
      });
    }
  }
}

function hintFor(message: string): string {
  if (/unable to find one of/.test(message)) return 'Point at a folder with a kustomization.yaml.';
  if (/not in or below|security; file/.test(message))
    return 'A kustomization reads only files below its own folder; make the other folder a base or component of its own.';
  if (/no such file or directory|doesn't exist|must be a directory|evalsymlink failure/.test(message))
    return 'Check the path: it is relative to the kustomization.yaml that names it, and must be in the checked-out sources.';
  return 'kustomize build of the same folder says the same; correct what it names.';
}

/** @throws DeliveryError `InputInvalid` */
function pathInside(directory: string, root: string): string {
  const path = relative(resolve(root), resolve(root, directory)).split(sep).join('/');
  if (path !== '..' && !path.startsWith('../') && !/^[a-z]:/i.test(path)) return path;
  throw new DeliveryError('InputInvalid', `the kustomization ${directory} is not in ${root}`, {
    hint: 'Name a folder of the job’s sources.',
  });
}

/** Kustomize writes other things to standard error too, but these are the lines for its users. */
function warningsOf(errors: string): readonly string[] {
  const lines = errors.split('\n').filter((line) => line.startsWith('# Warning: '));
  return [...new Set(lines.map((line) => line.slice('# Warning: '.length)))];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
