import { randomBytes } from 'node:crypto';
import type { Finding } from '../../../model/check.ts';
import { messageOf } from '../../../model/errors.ts';
import { assessJob, type JobState } from '../../../model/job-state.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { TestLimits } from '../../../model/test-results.ts';
import { textAt, type KubernetesObject, type ObjectReference } from '../../../model/kubernetes-object.ts';
import { formatReference, parseReference } from '../../../model/reference.ts';
import { placeOf } from '../../../model/place.ts';
import type { CheckKind, Look, Subject } from '../kind.ts';
import { LogReport } from './log-report.ts';
import { assessResults, limitsSchema, parseLimits } from './results.ts';
import { invalid, type Settings } from '../settings.ts';
import { door, type ClusterDoor, type Tools } from '../tools.ts';

interface JobSettings {
  readonly namespace: string;
  /** By digest. */
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly environment: readonly JsonObject[];
  readonly pullSecrets: readonly string[];
  readonly serviceAccount: string | undefined;
  readonly limits: Readonly<Record<string, string>>;
  readonly runAsUser: number | undefined;
  readonly restricted: boolean;
  /** Undefined: the exit code alone decides. */
  readonly junit: TestLimits | undefined;
}

const container = 'check';
const pollInterval = 1_000;
/** How long the log may lag behind the end of the Job before it is given up. */
const logGrace = 5_000;
/** What is left to delete the Job after a cancellation: the agent ends the task about seven seconds after it. */
const cleanUpTime = 5_000;

/** Runs a Kubernetes Job in the cluster and lets its exit code decide. */
export const job: CheckKind = {
  kind: 'job',
  defaults: { errorLimit: 0 },
  schema: {
    description:
      'Runs a Kubernetes Job of one pod, by digest; exit code zero passes. Its log is shown, and the Job is removed.',
    required: ['image'],
    properties: {
      image: {
        type: 'string',
        description:
          'A component of the release, or a reference with a digest. A tag is refused: it is not what was tested.',
      },
      namespace: { type: 'string', description: "Otherwise the gate's namespace." },
      command: { $ref: '#/$defs/texts', description: "Instead of the image's entrypoint." },
      args: { $ref: '#/$defs/texts' },
      env: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
      secretEnv: {
        type: 'object',
        description: 'Variables taken from Secrets of the namespace, each as secret/key.',
        additionalProperties: { type: 'string', pattern: '^[^/]+/[^/]+$' },
      },
      imagePullSecrets: { $ref: '#/$defs/texts' },
      serviceAccount: {
        type: 'string',
        description: 'Whose token the pod gets. Without it the pod gets none.',
      },
      junit: {
        type: 'object',
        additionalProperties: false,
        description: 'The Job prints JUnit XML into its log: it is taken out of it and held to these limits.',
        properties: limitsSchema,
      },
      runAsUser: { type: 'integer', minimum: 0, description: "Otherwise the image's own user." },
      security: {
        enum: ['restricted', 'baseline'],
        description:
          'The Pod Security Standard that the pod keeps to. Restricted, the default, does not run as root: an image without a numeric user needs runAsUser.',
      },
      limits: {
        type: 'object',
        description: 'Resource limits, such as memory: 256Mi.',
        additionalProperties: { type: ['string', 'number'] },
      },
    },
  },

  parse(settings, subject) {
    const parsed = parseJob(settings, subject);
    return {
      title: `Job in ${parsed.namespace} from ${parsed.image}`,
      needs: ['cluster'],
      measure: (tools, look) => measure(parsed, tools, look),
    };
  },
};

async function measure(settings: JobSettings, tools: Tools, look: Look): Promise<Finding> {
  const cluster = door(tools, 'cluster', look.check);
  const name = `gate-${slug(look.check)}-${randomBytes(4).toString('hex')}`;
  const reference = { apiVersion: 'batch/v1', kind: 'Job', namespace: settings.namespace, name };
  look.note(`creating Job ${name}`);
  try {
    const seconds = Math.max(1, Math.ceil((look.deadline - tools.clock.now()) / 1_000));
    await cluster.create(jobObject(name, settings, look.check, seconds), look.signal);
    return await follow(reference, settings.junit, cluster, tools, look);
  } finally {
    await removeJob(reference, cluster, look);
  }
}

/**
 * Created or not, by a request that may have been cut off: the name is ours, so it is removed in every case, and read
 * back: a Job that stays would go on by itself.
 */
async function removeJob(reference: ObjectReference, cluster: ClusterDoor, look: Look): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpTime);
  try {
    await cluster.remove(reference, signal);
    const left = await cluster.read(reference, signal);
    if (left === undefined || left.metadata.deletionTimestamp !== undefined) return;
    look.output(`Job ${reference.name} was to be removed and is still there: remove it by hand`);
  } catch (error) {
    look.output(`Job ${reference.name} could not be removed: ${messageOf(error)}`);
  }
}

async function follow(
  reference: ObjectReference & { readonly namespace: string },
  limits: TestLimits | undefined,
  cluster: ClusterDoor,
  tools: Tools,
  look: Look,
): Promise<Finding> {
  const report = new LogReport();
  const show = (line: string): void => {
    if (limits === undefined || !report.take(line)) look.output(line);
  };
  let log: Promise<void> | undefined;
  for (;;) {
    const found = await cluster.read(reference, look.signal);
    if (found === undefined)
      return { outcome: 'error', reason: `Job ${reference.name} was deleted by somebody else` };
    const pods = await cluster.list(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        namespace: reference.namespace,
        labelSelector: `batch.kubernetes.io/job-name=${reference.name}`,
      },
      look.signal,
    );
    const state = assessJob(found, pods);
    look.note(`Job ${reference.name}: ${said(state)}`);
    if ('pod' in state) log ??= showLog(reference.namespace, state.pod, cluster, look, show);
    if (state.state === 'succeeded' || state.state === 'failed') {
      const enough = new AbortController();
      await Promise.race([log, tools.clock.sleep(logGrace, enough.signal).catch(() => undefined)]);
      enough.abort();
      return conclude(state, limits, report);
    }
    if (pods.length === 0) {
      const refusal = await refusalOf(reference, cluster, look);
      if (refusal !== undefined) return { outcome: 'error', reason: `the Job gets no pod: ${refusal}` };
    }
    if (state.state === 'stuck') return { outcome: 'error', reason: `the Job cannot run: ${state.reason}` };
    await tools.clock.sleep(pollInterval, look.signal);
  }
}

function conclude(
  state: Extract<JobState, { readonly state: 'succeeded' | 'failed' }>,
  limits: TestLimits | undefined,
  report: LogReport,
): Finding {
  const ended: Finding =
    state.state === 'succeeded'
      ? { outcome: 'passed', reason: 'the Job completed' }
      : { outcome: 'failed', reason: `the Job failed: ${state.reason}` };
  if (limits === undefined) return ended;
  const finding = assessResults(report.documents(), 'junit', limits);
  if (ended.outcome === 'passed') return finding;
  // Runners fail when a test fails, which the limits may tolerate; one that failed without a failed test, broke.
  const tolerates = finding.outcome === 'passed' && limits.failed > 0;
  return tolerates
    ? finding
    : { ...finding, outcome: 'failed', reason: `${ended.reason}; ${finding.reason}` };
}

/** Why the cluster does not even create the pod (a quota, a policy, a missing service account): the Job's status is silent. */
async function refusalOf(
  { namespace, name }: ObjectReference & { readonly namespace: string },
  cluster: ClusterDoor,
  look: Look,
): Promise<string | undefined> {
  const events = await cluster.list(
    {
      apiVersion: 'v1',
      kind: 'Event',
      namespace,
      fieldSelector: `involvedObject.kind=Job,involvedObject.name=${name},reason=FailedCreate`,
    },
    look.signal,
  );
  return events.map((event) => textAt(event, 'message')).find((message) => message !== undefined);
}

/** The log is for people: that it cannot be read does not decide the check. */
async function showLog(
  namespace: string,
  pod: string,
  cluster: ClusterDoor,
  look: Look,
  show: (line: string) => void,
): Promise<void> {
  try {
    for await (const line of cluster.followLog({ namespace, name: pod, container }, look.signal)) show(line);
  } catch (error) {
    if (!look.signal.aborted) look.output(`its log cannot be read: ${messageOf(error)}`);
  }
}

function said(state: JobState): string {
  return 'reason' in state ? `${state.state}, ${state.reason}` : state.state;
}

function jobObject(name: string, settings: JobSettings, check: string, seconds: number): KubernetesObject {
  const labels = {
    'app.kubernetes.io/managed-by': 'aks-delivery',
    'app.kubernetes.io/component': 'acceptance-gate',
  };
  const { limits, serviceAccount } = settings;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: settings.namespace,
      labels,
      annotations: { 'aks-delivery/check': check },
    },
    spec: {
      // One attempt is one measurement: the check's own schedule says how often to try.
      backoffLimit: 0,
      activeDeadlineSeconds: seconds,
      // For the case that the agent dies before it removes the Job.
      ttlSecondsAfterFinished: 3_600,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 5,
          automountServiceAccountToken: serviceAccount !== undefined,
          ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
          ...(settings.pullSecrets.length === 0
            ? {}
            : { imagePullSecrets: settings.pullSecrets.map((secret) => ({ name: secret })) }),
          ...podSecurity(settings),
          containers: [
            {
              name: container,
              image: settings.image,
              ...(settings.command.length === 0 ? {} : { command: settings.command }),
              ...(settings.args.length === 0 ? {} : { args: settings.args }),
              env: settings.environment,
              ...(Object.keys(limits).length === 0 ? {} : { resources: { limits } }),
              ...(settings.restricted ? { securityContext: restrictedContainer } : {}),
              terminationMessagePolicy: 'FallbackToLogsOnError',
            },
          ],
        },
      },
    },
  };
}

// What the Pod Security Standard "restricted" demands; namespaces that enforce it admit nothing else.
const restrictedContainer = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

function podSecurity({ restricted, runAsUser }: JobSettings): JsonObject {
  const user = runAsUser === undefined ? {} : { runAsUser };
  if (restricted) {
    return { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...user } };
  }
  return runAsUser === undefined ? {} : { securityContext: user };
}

function parseJob(settings: Settings, subject: Subject): JobSettings {
  const namespace = settings.optionalText('namespace') ?? subject.namespace;
  if (namespace === undefined) {
    return settings.missing('namespace', "Write it there, or set the task's namespace input.");
  }
  const junit = settings.optionalSection('junit');
  const plain = Object.entries(settings.map('env')).map(([name, value]) => ({ name, value }));
  const secret = Object.entries(settings.map('secretEnv')).map(([name, from]) => {
    const [owner, key, ...rest] = from.split('/');
    if (owner === undefined || key === undefined || owner === '' || key === '' || rest.length > 0) {
      return settings.wrong(`secretEnv.${name}`, 'secret/key', from);
    }
    return { name, valueFrom: { secretKeyRef: { name: owner, key } } };
  });
  const twice = secret.find((variable) => plain.some((other) => other.name === variable.name));
  if (twice !== undefined) {
    throw invalid(`${settings.at(`env.${twice.name}`)} is in secretEnv too`, 'Keep one of the two.');
  }
  return {
    namespace,
    image: parseJobImage(settings, subject),
    command: settings.texts('command'),
    args: settings.texts('args'),
    environment: [...plain, ...secret],
    pullSecrets: settings.texts('imagePullSecrets'),
    serviceAccount: settings.optionalText('serviceAccount'),
    limits: settings.map('limits'),
    junit: junit === undefined ? undefined : parseLimits(junit),
    runAsUser: settings.optionalInteger('runAsUser', { min: 0, max: 4_294_967_295 }),
    restricted:
      (settings.optionalOneOf('security', ['restricted', 'baseline']) ?? 'restricted') === 'restricted',
  };
}

function parseJobImage(settings: Settings, subject: Subject): string {
  const text = settings.text('image', 'Name a component of the release, or a reference with a digest.');
  const component = subject.release.images.find((image) => image.name === text);
  if (component !== undefined)
    return formatReference(placeOf(subject.release, component, subject.environment));
  const known = subject.release.images.map((image) => image.name).join(', ');
  if (!text.includes('/')) {
    throw invalid(
      `${settings.at('image')} is "${text}", which is no component of release ${subject.release.name}`,
      `Its components are ${known}. Any other image is written as registry/path@sha256:....`,
    );
  }
  const reference = parseReference(text);
  if (reference.kind === 'digest') return formatReference(reference);
  throw invalid(
    `${settings.at('image')} is "${text}", a tag, which may mean another image tomorrow`,
    'Write the digest behind it, as in registry/path@sha256:....',
  );
}

/** A part of an object's name (RFC 1123 label), short enough to leave room for the rest. */
function slug(text: string): string {
  const part = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return part === '' ? 'check' : part;
}
