import type { Finding } from '../../../model/check.ts';
import { formatDuration } from '../../../model/duration.ts';
import { fieldAt, textAt, type KubernetesObject } from '../../../model/kubernetes-object.ts';
import { isObject } from '../../../model/json.ts';
import { assessSoak, podHealth, type PodHealth, type SoakLimits } from '../../../model/workload-health.ts';
import type { CheckKind, Look, Subject } from '../kind.ts';
import { invalid, type Settings } from '../settings.ts';
import { door, type ClusterDoor, type Tools } from '../tools.ts';

const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

interface Workload {
  readonly kind: (typeof workloadKinds)[number];
  readonly namespace: string;
  readonly name: string;
}

interface SoakSettings {
  readonly workloads: readonly Workload[];
  /** Milliseconds. */
  readonly soak: number;
  readonly poll: number;
  readonly limits: SoakLimits;
  readonly checkDigests: boolean;
}

/** Watches the deployed objects over a soak time: restarts, OOM kills, readiness flaps, warnings, and whose bytes run. */
export const workload: CheckKind = {
  kind: 'workload',
  schema: {
    description: 'Watches Deployments, StatefulSets and DaemonSets over a soak time.',
    properties: {
      objects: {
        $ref: '#/$defs/texts',
        description:
          'Each as Deployment/name. Otherwise what the release record says was deployed to the environment.',
      },
      namespace: { type: 'string', description: "Otherwise the gate's namespace." },
      soak: { $ref: '#/$defs/duration', description: 'How long to watch. Otherwise 1m.' },
      poll: { $ref: '#/$defs/duration', description: 'Between looks. Otherwise 5s.' },
      restarts: { type: 'integer', minimum: 0, description: 'Tolerated. Otherwise 0.' },
      oomKills: { type: 'integer', minimum: 0, description: 'Tolerated. Otherwise 0.' },
      readinessFlaps: { type: 'integer', minimum: 0, description: 'Tolerated. Otherwise 0.' },
      warnings: {
        type: 'integer',
        minimum: 0,
        description: 'Warning events that are tolerated. Otherwise any number.',
      },
      digests: {
        type: 'boolean',
        description: 'Whether every pod must run an image of the release. Otherwise true.',
      },
    },
  },

  parse(settings, subject) {
    const parsed = parseSoak(settings, subject);
    return {
      title: `watch ${parsed.workloads.map((one) => `${one.kind}/${one.name}`).join(', ')} for ${formatDuration(parsed.soak)}`,
      needs: ['cluster'],
      measure: (tools, look) => measure(parsed, subject, tools, look),
    };
  },
};

async function measure(settings: SoakSettings, subject: Subject, tools: Tools, look: Look): Promise<Finding> {
  const cluster = door(tools, 'cluster', look.check);
  const began = tools.clock.now();
  const looks: (readonly PodHealth[])[] = [];
  const names = new Set<string>(settings.workloads.map((one) => `${one.namespace}/${one.name}`));
  for (;;) {
    const pods: PodHealth[] = [];
    for (const one of settings.workloads) {
      const found = await podsOf(one, cluster, look.signal);
      if (found === undefined) {
        return { outcome: 'failed', reason: `${one.kind} ${one.namespace}/${one.name} is not there` };
      }
      for (const pod of found) names.add(`${one.namespace}/${pod.metadata.name ?? ''}`);
      pods.push(...found.map(podHealth));
    }
    looks.push(pods);
    const left = began + settings.soak - tools.clock.now();
    if (left <= 0) break;
    look.note(`soaking, ${formatDuration(left)} to go`);
    await tools.clock.sleep(Math.min(settings.poll, left), look.signal);
  }
  const warnings = await warningsSince(began, settings.workloads, names, cluster, look.signal);
  const digests = settings.checkDigests ? subject.release.images.map((image) => image.digest) : [];
  return assessSoak({ looks, warnings, digests }, settings.limits);
}

/** Undefined when the workload itself is not there. */
async function podsOf(
  { kind, namespace, name }: Workload,
  cluster: ClusterDoor,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[] | undefined> {
  const found = await cluster.read({ apiVersion: 'apps/v1', kind, namespace, name }, signal);
  if (found === undefined) return undefined;
  const labels = fieldAt(found, 'spec', 'selector', 'matchLabels');
  const labelSelector = isObject(labels)
    ? Object.entries(labels)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(',')
    : '';
  // A selector of expressions alone selects more than can be said here: nothing is judged by pods of others.
  if (labelSelector === '')
    throw invalid(`${kind} ${namespace}/${name} selects its pods without matchLabels`);
  return cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector }, signal);
}

async function warningsSince(
  began: number,
  workloads: readonly Workload[],
  names: ReadonlySet<string>,
  cluster: ClusterDoor,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const namespaces = [...new Set(workloads.map((one) => one.namespace))];
  const events = await Promise.all(
    namespaces.map((namespace) =>
      cluster.list({ apiVersion: 'v1', kind: 'Event', namespace, fieldSelector: 'type=Warning' }, signal),
    ),
  );
  return events
    .flat()
    .filter((event) => {
      const about = `${textAt(event, 'involvedObject', 'namespace') ?? ''}/${textAt(event, 'involvedObject', 'name') ?? ''}`;
      const at =
        textAt(event, 'lastTimestamp') ??
        textAt(event, 'eventTime') ??
        textAt(event, 'series', 'lastObservedTime');
      // Events carry whole seconds.
      return names.has(about) && at !== undefined && Date.parse(at) >= Math.floor(began / 1_000) * 1_000;
    })
    .map((event) => `${textAt(event, 'reason') ?? 'Warning'} ${textAt(event, 'message') ?? ''}`.trim());
}

function parseSoak(settings: Settings, subject: Subject): SoakSettings {
  const namespace = settings.optionalText('namespace') ?? subject.namespace;
  const written = settings.texts('objects');
  const workloads =
    written.length > 0 ? written.map((text) => parseObject(text, namespace, settings)) : deployed(subject);
  if (workloads.length === 0) {
    throw invalid(
      `${settings.path} has no objects, and the record says of no workload that it was deployed to ${subject.environment}`,
      'Name them, as in objects: [Deployment/storefront].',
    );
  }
  return {
    workloads,
    soak: settings.duration('soak', { min: 1_000, otherwise: 60_000 }),
    poll: settings.duration('poll', { min: 500, otherwise: 5_000 }),
    limits: {
      restarts: settings.integer('restarts', { min: 0, otherwise: 0 }),
      oomKills: settings.integer('oomKills', { min: 0, otherwise: 0 }),
      readinessFlaps: settings.integer('readinessFlaps', { min: 0, otherwise: 0 }),
      warnings: settings.optionalInteger('warnings', { min: 0 }),
    },
    checkDigests: settings.flag('digests', true),
  };
}

function parseObject(text: string, namespace: string | undefined, settings: Settings): Workload {
  const [kind, name, ...rest] = text.split('/');
  const known = workloadKinds.find((candidate) => candidate.toLowerCase() === kind?.toLowerCase());
  if (known === undefined || name === undefined || name === '' || rest.length > 0) {
    return settings.wrong('objects', `${workloadKinds.join('/name, ')}/name`, text);
  }
  if (namespace === undefined) {
    return settings.missing('namespace', "Write it there, or set the task's namespace input.");
  }
  return { kind: known, namespace, name };
}

function deployed(subject: Subject): readonly Workload[] {
  const last = subject.release.deployments.findLast((one) => one.environment === subject.environment);
  return (last?.objects ?? []).flatMap((object): Workload[] => {
    const kind = workloadKinds.find((candidate) => candidate === object.kind);
    const namespace = object.namespace ?? last?.namespace ?? subject.namespace;
    if (kind === undefined || namespace === undefined || object.action === 'deleted') return [];
    return [{ kind, namespace, name: object.name }];
  });
}
