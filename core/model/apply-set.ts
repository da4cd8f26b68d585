import { createHash } from 'node:crypto';
import { groupOf, type GroupKind, type KubernetesObject } from './kubernetes-object.ts';

// KEP-3659, "Design Details": the labels and annotations of a set and its members.
export const partOfLabel = 'applyset.kubernetes.io/part-of';
const idLabel = 'applyset.kubernetes.io/id';
const toolingAnnotation = 'applyset.kubernetes.io/tooling';
const kindsAnnotation = 'applyset.kubernetes.io/contains-group-kinds';
const namespacesAnnotation = 'applyset.kubernetes.io/additional-namespaces';

/** How we sign the sets that are ours. */
export const tooling = 'aks-delivery/v1';

/** Which set: its parent is a Secret, the kind that kubectl takes by default as well. */
export interface ApplySetName {
  readonly namespace: string;
  readonly name: string;
}

/** What a set's parent says that its members may be. */
export interface ApplySetContent {
  readonly kinds: readonly GroupKind[];
  readonly namespaces: readonly string[];
}

/** `applyset-<base64url(sha256(name.namespace.kind.group))>-v1` (KEP-3659, "ApplySet Identification"). */
export function applySetId({ namespace, name }: ApplySetName): string {
  const hash = createHash('sha256').update(`${name}.${namespace}.Secret.`).digest('base64url');
  return `applyset-${hash}-v1`;
}

export function applySetParent(set: ApplySetName, content: ApplySetContent): KubernetesObject {
  const others = content.namespaces.filter((namespace) => namespace !== set.namespace);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: set.name,
      namespace: set.namespace,
      labels: { [idLabel]: applySetId(set) },
      annotations: {
        [toolingAnnotation]: tooling,
        [kindsAnnotation]: unique(content.kinds.map(formatKind)).join(','),
        [namespacesAnnotation]: unique(others).join(','),
      },
    },
  };
}

/** What a live parent says; empty lists for one that says nothing. */
export function readApplySet(parent: KubernetesObject, set: ApplySetName): ApplySetContent {
  const annotations = parent.metadata.annotations ?? {};
  return {
    kinds: itemsOf(annotations[kindsAnnotation]).map(parseKind),
    namespaces: [set.namespace, ...itemsOf(annotations[namespacesAnnotation])],
  };
}

/** Who manages a live parent: `kubectl/v1.34.0`; undefined when it is no parent of a set. */
export function toolingOf(parent: KubernetesObject): string | undefined {
  return parent.metadata.labels?.[idLabel] === undefined
    ? undefined
    : (parent.metadata.annotations?.[toolingAnnotation] ?? '');
}

export function contentOf(objects: readonly KubernetesObject[]): ApplySetContent {
  const kinds = new Map(
    objects.map((object) => [`${object.kind}.${groupOf(object.apiVersion)}`, object] as const),
  );
  return {
    kinds: [...kinds.values()].map(({ apiVersion, kind }) => ({ group: groupOf(apiVersion), kind })),
    namespaces: unique(objects.flatMap(({ metadata }) => metadata.namespace ?? [])),
  };
}

/** Everything that either holds: what the parent must say while members of both may exist. */
export function unionOf(one: ApplySetContent, other: ApplySetContent): ApplySetContent {
  const kinds = new Map([...one.kinds, ...other.kinds].map((kind) => [formatKind(kind), kind]));
  return { kinds: [...kinds.values()], namespaces: unique([...one.namespaces, ...other.namespaces]) };
}

/** Kinds that are never pruned: with them goes what nobody can bring back. */
const protectedKinds = new Set([
  'Namespace',
  'CustomResourceDefinition.apiextensions.k8s.io',
  'PersistentVolume',
  'PersistentVolumeClaim',
]);

/** An object that wants to be left alone when it leaves the manifests. */
export const keepAnnotation = 'aks-delivery/prune';

export function isProtected(object: KubernetesObject): boolean {
  return (
    protectedKinds.has(formatKind({ group: groupOf(object.apiVersion), kind: object.kind })) ||
    object.metadata.annotations?.[keepAnnotation] === 'false'
  );
}

function formatKind({ group, kind }: GroupKind): string {
  return group === '' ? kind : `${kind}.${group}`;
}

function parseKind(text: string): GroupKind {
  const dot = text.indexOf('.');
  return dot < 0 ? { group: '', kind: text } : { kind: text.slice(0, dot), group: text.slice(dot + 1) };
}

function itemsOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').filter((item) => item !== '');
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)].sort();
}
