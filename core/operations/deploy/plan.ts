import type { Written } from '../../clients/kubernetes/client.ts';
import { ApiError } from '../../model/api-error.ts';
import type { Change } from '../../model/change-set.ts';
import { mapConcurrently } from '../../model/concurrency.ts';
import { isSameJson } from '../../model/equality.ts';
import { DeliveryError } from '../../model/errors.ts';
import { diffObjects, type FieldChange } from '../../model/field-diff.ts';
import {
  formatObject,
  objectKey,
  withMetadata,
  type KubernetesObject,
} from '../../model/kubernetes-object.ts';
import { isReplaced } from '../../model/lifecycle.ts';
import { isAsApplied } from '../../model/managed-fields.ts';
import type { ManifestObject } from '../../model/manifest-object.ts';
import { stepsOf } from '../../model/waves.ts';
import { readLiveObjects } from './live-objects.ts';
import type { PlacedObject } from './placement.ts';
import { refusedTogether, type Refusal } from './refusals.ts';
import { concurrency, fieldManager, type DeployRequest, type DeploySurroundings } from './request.ts';

/** Managers whose fields a move to this task takes over without being told: kubectl's, by which the objects came. */
const predecessors = new Set(['kubectl-client-side-apply', 'kubectl', 'before-first-apply']);

/**
 * Asks the server what the deployment would change, with everything that could refuse it, and changes nothing.
 * @throws DeliveryError for everything that the server would refuse, all objects in one
 */
export async function planChanges(
  placed: readonly PlacedObject[],
  request: DeployRequest,
  surroundings: Pick<DeploySurroundings, 'client' | 'deadline'>,
): Promise<readonly Change[]> {
  const live = await readLiveObjects(placed, surroundings);
  const newNamespaces = namespacesToCome(placed, live);
  const refusals: Refusal[] = [];

  const changes = await mapConcurrently(placed, concurrency, async (one): Promise<Change | undefined> => {
    const manifest = annotate(one.manifest, request.annotations);
    const { object } = manifest;
    const before = object.metadata.name === undefined ? undefined : live.get(objectKey(object));
    const unchecked = whyUnchecked(one, newNamespaces);
    if (unchecked !== undefined) return { action: 'created', manifest, fields: [], unchecked, warnings: [] };
    if (before !== undefined && isAsApplied(withTraceOf(before, object, request), before, fieldManager)) {
      return { action: 'unchanged', manifest, live: before, fields: [], warnings: [] };
    }
    if (before !== undefined && isReplaced(object)) {
      return { action: 'configured', manifest, live: before, fields: [], replaces: true, warnings: [] };
    }
    try {
      return await ask(manifest, before, request, surroundings);
    } catch (error) {
      if (!(error instanceof DeliveryError) || isGeneral(error)) throw error;
      refusals.push({ manifest, error });
      return undefined;
    }
  });
  if (refusals.length > 0) throw refusedTogether(refusals);
  const known = changes.filter((change) => change !== undefined);
  return stepsOf(known, (change) => change.manifest).flatMap((step) => step.items);
}

async function ask(
  manifest: ManifestObject,
  before: KubernetesObject | undefined,
  request: DeployRequest,
  { client, deadline }: Pick<DeploySurroundings, 'client' | 'deadline'>,
): Promise<Change> {
  const { object } = manifest;
  if (object.metadata.name === undefined) {
    const { warnings } = await client.create(object, { fieldManager, dryRun: true }, deadline.signal);
    return { action: 'created', manifest, fields: [], warnings };
  }
  const options = { fieldManager, dryRun: true, force: request.force };
  let planned: Written;
  let takesOverFrom: readonly string[] | undefined;
  try {
    planned = await client.apply(object, options, deadline.signal);
  } catch (error) {
    const managers = managersInTheWay(error);
    if (managers === undefined || !managers.every((manager) => predecessors.has(manager))) throw error;
    planned = await client.apply(object, { ...options, force: true }, deadline.signal);
    takesOverFrom = managers;
  }
  const { warnings } = planned;
  if (before === undefined) return { action: 'created', manifest, fields: [], warnings };
  const fields = diffObjects(before, planned.object).filter((field) => !isTrace(field, request));
  if (fields.length === 0 && takesOverFrom === undefined && isSameOwnership(before, planned.object)) {
    return { action: 'unchanged', manifest, live: before, fields, warnings };
  }
  const change = { action: 'configured' as const, manifest, live: before, fields, warnings };
  return takesOverFrom === undefined ? change : { ...change, takesOverFrom };
}

/** Owning other fields than before is a change: without it a field could not be taken back later. */
function isSameOwnership(before: KubernetesObject, after: KubernetesObject): boolean {
  return isSameJson(ownership(before), ownership(after));
}

function ownership(object: KubernetesObject): unknown {
  const { managedFields } = object.metadata;
  if (!Array.isArray(managedFields)) return [];
  const entries = managedFields as readonly Record<string, unknown>[];
  return entries.find((entry) => entry['manager'] === fieldManager && entry['operation'] === 'Apply')?.[
    'fieldsV1'
  ];
}

function managersInTheWay(error: unknown): readonly string[] | undefined {
  if (!(error instanceof ApiError) || error.conflicts.length === 0) return undefined;
  return [...new Set(error.conflicts.map((conflict) => conflict.manager))];
}

/** Failures that are not about one object: asking about the others would only repeat them. */
function isGeneral(error: DeliveryError): boolean {
  return [
    'Unreachable',
    'Unauthenticated',
    'HostNotTrusted',
    'Throttled',
    'DeadlineExceeded',
    'CredentialUnsupported',
  ].includes(error.code);
}

function namespacesToCome(
  placed: readonly PlacedObject[],
  live: ReadonlyMap<string, KubernetesObject>,
): ReadonlySet<string> {
  return new Set(
    placed
      .map(({ manifest }) => manifest.object)
      .filter(
        (object) => object.kind === 'Namespace' && object.apiVersion === 'v1' && !live.has(objectKey(object)),
      )
      .map((object) => object.metadata.name ?? ''),
  );
}

function whyUnchecked(one: PlacedObject, newNamespaces: ReadonlySet<string>): string | undefined {
  if (one.isKindPending) return 'its kind comes with this deployment, so the server cannot check it yet';
  const { namespace } = one.manifest.object.metadata;
  return namespace !== undefined && newNamespaces.has(namespace)
    ? 'its namespace comes with this deployment, so the server cannot check it yet'
    : undefined;
}

function annotate(manifest: ManifestObject, annotations: Readonly<Record<string, string>>): ManifestObject {
  if (Object.keys(annotations).length === 0) return manifest;
  const { object } = manifest;
  return {
    ...manifest,
    object: withMetadata(object, { annotations: { ...object.metadata.annotations, ...annotations } }),
  };
}

/** The object as it would be written if this were the run that wrote it last. */
function withTraceOf(
  live: KubernetesObject,
  object: KubernetesObject,
  request: DeployRequest,
): KubernetesObject {
  const own = { ...object.metadata.annotations };
  for (const name of Object.keys(request.annotations)) {
    const written = live.metadata.annotations?.[name];
    if (written !== undefined) own[name] = written;
  }
  return withMetadata(object, { annotations: own });
}

function isTrace(field: FieldChange, request: DeployRequest): boolean {
  return Object.keys(request.annotations).some((name) => field.path === `metadata.annotations["${name}"]`);
}

/** `Warning:` headers of the dry run, each once, with the objects that they are about. */
export function warningsOf(changes: readonly Change[]): readonly string[] {
  const objects = new Map<string, string[]>();
  for (const change of changes) {
    for (const warning of change.warnings) {
      objects.set(warning, [...(objects.get(warning) ?? []), formatObject(change.manifest.object)]);
    }
  }
  return [...objects].map(
    ([warning, [first = '', ...others]]) =>
      `${first}${others.length === 0 ? '' : ` and ${others.length} more`}: ${warning}`,
  );
}
