import { DeliveryError } from '../model/errors.ts';
import { authorsPaths, withoutSecrets } from './engine-failure.ts';

/** Where in a chart's sources, and why. */
interface TemplateFault {
  /** `refusal`: the template itself says that it will not be rendered so (required, fail). */
  readonly kind: 'syntax' | 'refusal' | 'execution' | 'manifest';
  /** Below the chart: "templates/web.yaml:12:5". */
  readonly place?: string;
  /** The expression of the template. */
  readonly expression?: string;
  readonly reason: string;
}

/**
 * What stopped Helm's engine, for the chart's user.
 * @param failure what the engine answered: step, message, and the texts that must not be shown
 * @param chart how messages call the chart: its path
 */
export function explainHelm(failure: Readonly<Record<string, unknown>>, chart: string): DeliveryError {
  const secrets = Array.isArray(failure['secrets']) ? failure['secrets'].filter(isText) : [];
  const message = authorsPaths(withoutSecrets(textOf(failure['message']), secrets));
  switch (failure['step']) {
    case 'values':
      return new DeliveryError('InputInvalid', `the values cannot be read: ${message}`, {
        hint: 'Values are YAML maps; expressions are key=value, with \\, for a comma in a value.',
      });
    case 'release':
      return new DeliveryError('InputInvalid', `the release's name does not suit Helm: ${message}`, {
        hint: 'Use lower case letters, digits and hyphens, at most 53 of them.',
      });
    case 'chart':
      return refused(`chart ${chart} cannot be loaded: ${message}`, chartHint(message));
    case 'dependencies':
      return refused(`chart ${chart}: ${message}`, dependencyHint(message));
    case 'kubeVersion':
      return refused(`chart ${chart}: ${message}`, 'Take a version of the chart that supports the cluster.');
    case 'schema':
      return refused(
        `chart ${chart}: ${message.trim()}`,
        "Correct the values at these paths; the chart's values.schema.json says what they must be.",
      );
    case 'template':
      return ofTemplate(chart, readFault(message));
    case 'manifest':
      return ofTemplate(chart, readManifestFault(message));
    default:
      return refused(
        `chart ${chart} cannot be rendered: ${message}`,
        'helm template of the same chart says the same.',
      );
  }
}

/** Helm's message of a template that cannot be parsed or executed (pkg/engine/engine.go, reformatExecErrorMsg). */
export function readFault(message: string): TemplateFault {
  const parse = /^(?<kind>parse|execution) error (?:at|in) \((?<place>[^)]+)\): (?<reason>[\s\S]*)$/.exec(
    message,
  )?.groups;
  if (parse !== undefined) {
    const kind = parse['kind'] === 'parse' ? 'syntax' : 'refusal';
    return { kind, place: below(parse['place']), reason: parse['reason'] ?? '' };
  }
  // Frames from the outside in; the innermost is where it went wrong.
  const frames = [
    ...message.matchAll(
      /^(?<place>\S+:\d+:\d+)\n {2}executing "[^\n]*" at <(?<at>[^\n]*)>:\n {4}(?<reason>.*)$/gm,
    ),
  ];
  const innermost = frames.at(-1)?.groups;
  if (innermost !== undefined) {
    return {
      kind: 'execution',
      place: below(innermost['place']),
      expression: innermost['at'] ?? '',
      reason: innermost['reason'] ?? '',
    };
  }
  const plain =
    /^template: (?<place>\S+:\d+(?::\d+)?): executing "[^"]*" at <(?<at>[\s\S]*?)>: (?<reason>[\s\S]*)$/.exec(
      message,
    )?.groups;
  if (plain !== undefined) {
    return {
      kind: 'execution',
      place: below(plain['place']),
      expression: plain['at'] ?? '',
      reason: withoutTemplateText(plain['reason'] ?? ''),
    };
  }
  return { kind: 'execution', reason: message };
}

function readManifestFault(message: string): TemplateFault {
  const match = /^YAML parse error on (?<file>[^:]+): (?<reason>[\s\S]*)$/.exec(message)?.groups;
  if (match === undefined) return { kind: 'manifest', reason: message };
  const reason = (match['reason'] ?? '').replace(
    /^error converting YAML to JSON: yaml: /,
    'what it renders to is not YAML: ',
  );
  return {
    kind: 'manifest',
    place: below(match['file']),
    reason: reason.replace(/^error unmarshaling JSON: while decoding JSON: json: /, ''),
  };
}

/** `tpl` quotes the whole text it was given, which may be made of values. */
function withoutTemplateText(reason: string): string {
  return reason
    .replace(/(cannot parse template|error during tpl function execution for) "(?:[^"\\]|\\.)*"/g, '$1')
    .replace(/^error calling (\w+): /, '$1: ');
}

function ofTemplate(chart: string, fault: TemplateFault): DeliveryError {
  const place = fault.place === undefined ? `chart ${chart}` : `chart ${chart}, ${fault.place}`;
  const at =
    fault.expression === undefined ? '' : ` at {{ ${fault.expression.replace(/^\{\{\s*|\s*\}\}$/g, '')} }}`;
  return refused(`${place}: ${fault.reason}${at}`, templateHint(fault));
}

function templateHint({ kind, reason }: TemplateFault): string {
  switch (kind) {
    case 'refusal':
      return 'The chart refuses these values, in its own words: set what it asks for.';
    case 'manifest':
      return "A line is one of the rendered file's. Look at indentation (nindent) and at values that need quotes (quote).";
    case 'syntax':
    case 'execution':
  }
  if (/function "[^"]*" not defined/.test(reason))
    return 'Helm 4 has no such template function; check its spelling and the Helm version that the chart is for.';
  if (/nil pointer|can't evaluate field|wrong type for value|<nil>/.test(reason))
    return 'A value that the template reads is missing or of another form: set it in the values, or let the template do without it.';
  if (/nested reference|maximum template depth/.test(reason))
    return 'The template includes itself without end.';
  return 'Correct the template, or the value that it is given.';
}

function chartHint(message: string): string {
  if (/Chart\.yaml/.test(message))
    return 'A chart is a folder with a Chart.yaml, or an archive (.tgz) of one.';
  if (/not installable/.test(message)) return 'A library chart only lends its templates to other charts.';
  return 'helm lint of the chart says more.';
}

function dependencyHint(message: string): string {
  if (/missing in charts/.test(message))
    return 'Nothing is fetched while rendering. Run "helm dependency build" before, in the build, and keep charts/ with the chart.';
  return 'Correct the dependencies in Chart.yaml.';
}

/** A template's path without the chart's own name in front, which the message has already. */
function below(place: string | undefined): string {
  return (place ?? '').replace(/^[^/]+\//, '');
}

function refused(message: string, hint: string): DeliveryError {
  return new DeliveryError('RenderFailed', message, { hint });
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
