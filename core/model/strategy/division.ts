import type { Change } from '../change-set.ts';
import { groupOf, numberAt, type KubernetesObject } from '../kubernetes-object.ts';
import type { ManifestObject } from '../manifest-object.ts';
import {
  isConfiguration,
  readVersioned,
  versionConfiguration,
  type VersionedConfiguration,
} from './configuration.ts';
import { isPullSecret } from './progress.ts';

/** One Deployment that gets a canary. */
export interface CanarySubject {
  /** As the manifests have it, its pods reading the copies of changed configuration. */
  readonly manifest: ManifestObject;
  readonly live: KubernetesObject;
}

/** What a deployment does when only part of it may be seen yet. */
export interface Division {
  readonly subjects: readonly CanarySubject[];
  /** Copies of changed configuration that the subjects' pods read. */
  readonly configuration: readonly ManifestObject[];
  /** New objects that new pods cannot start without and that nothing which runs can notice. */
  readonly early: readonly Change[];
  /** Everything else waits for the promotion. */
  readonly deferred: readonly Change[];
}

// Pods name these and do not start without them; a new one is seen by nobody else.
const prerequisites = new Set([
  'Namespace.',
  'ServiceAccount.',
  'ConfigMap.',
  'Secret.',
  'PersistentVolumeClaim.',
  'Role.rbac.authorization.k8s.io',
  'RoleBinding.rbac.authorization.k8s.io',
  'PriorityClass.scheduling.k8s.io',
]);

/**
 * Which part of a change set the canary takes: Deployments that are there and whose pods change get a canary, with copies
 * of the configuration that changes. What is new and needed comes early; whatever changes something that is there already
 * waits, so that stable keeps serving exactly as it was.
 */
export function divide(changes: readonly Change[], deployment: string): Division {
  const versioned = changedConfiguration(changes, deployment);
  const subjects: CanarySubject[] = [];
  const used = new Set<string>();
  const taken = new Set<Change>();
  for (const change of changes) {
    const { object } = change.manifest;
    if (object.kind !== 'Deployment' || groupOf(object.apiVersion) !== 'apps' || change.live === undefined)
      continue;
    const read = readVersioned(object, versioned.names);
    const changesPods = change.fields.some((field) => field.path.startsWith('spec.template'));
    if (!changesPods && read.used.size === 0) continue;
    // Where no pod runs there is nothing to protect and nothing to compare with.
    if (numberAt(change.live, 'spec', 'replicas') === 0) continue;
    for (const name of read.used) used.add(name);
    subjects.push({ manifest: { ...change.manifest, object: read.workload }, live: change.live });
    taken.add(change);
  }
  const early = changes.filter((change) => !taken.has(change) && isEarly(change));
  return {
    subjects,
    configuration: versioned.copies.filter(({ object }) => used.has(object.metadata.name ?? '')),
    early,
    deferred: changes.filter(
      (change) => change.action !== 'unchanged' && !taken.has(change) && !early.includes(change),
    ),
  };
}

/** Configuration that is there and gets other content: what is new is seen by new pods alone anyway. */
function changedConfiguration(changes: readonly Change[], deployment: string): VersionedConfiguration {
  const changed = changes.filter(
    (change) =>
      change.action === 'configured' &&
      isConfiguration(change.manifest.object) &&
      change.fields.some((field) => /^(?:data|binaryData|stringData)\b/.test(field.path)),
  );
  return versionConfiguration(
    changed.map((change) => change.manifest),
    deployment,
  );
}

/** A login for pulling images is the one thing that is renewed in place: without it no new pod starts. */
function isEarly(change: Change): boolean {
  const { object } = change.manifest;
  if (isPullSecret(object)) return change.action !== 'unchanged';
  return change.action === 'created' && prerequisites.has(`${object.kind}.${groupOf(object.apiVersion)}`);
}
