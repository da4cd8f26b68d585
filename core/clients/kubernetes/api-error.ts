import { ApiError, type FieldConflict } from '../../model/api-error.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import { objectsAt, textAt } from '../../model/kubernetes-object.ts';

/** What was asked of the API server, for messages. */
export interface Asked {
  readonly verb: string;
  /** "Deployment shop/web", "Pods in shop" */
  readonly what: string;
  readonly server: string;
}

export function apiErrorOf(asked: Asked, status: number, body: Uint8Array): ApiError {
  const text = Buffer.from(body).toString('utf8');
  const answer = parseStatus(text);
  const said = textAt(answer, 'message') ?? (text.trim().slice(0, 300) || `HTTP ${status}`);
  const reason = textAt(answer, 'reason') ?? '';
  const conflicts = conflictsOf(answer);
  const message = `${asked.server} refused to ${asked.verb} ${asked.what}: ${said}`;
  const { code, hint } = explain(status, reason, conflicts, said);
  return new ApiError(code, message, { status, reason, said, conflicts }, hint);
}

function explain(
  status: number,
  reason: string,
  conflicts: readonly FieldConflict[],
  said: string,
): { code: ErrorCode; hint: string } {
  if (status === 401) {
    return {
      code: 'Unauthenticated',
      hint: 'The cluster does not accept this identity: check the service connection, and that its token or certificate has not expired.',
    };
  }
  if (status === 403) {
    const isQuota = said.includes('exceeded quota');
    const isDenied =
      /admission webhook|denied the request|ValidatingAdmissionPolicy|violates PodSecurity/.test(said);
    if (isQuota)
      return { code: 'ApplyRefused', hint: 'Raise the ResourceQuota of the namespace, or ask for less.' };
    if (isDenied)
      return {
        code: 'ApplyRefused',
        hint: 'A policy of the cluster forbids the object as it is: change it, or the policy.',
      };
    return {
      code: 'Forbidden',
      hint: 'Give the identity a Role (or the Azure role "Azure Kubernetes Service RBAC Writer") that allows this in the namespace.',
    };
  }
  if (status === 404) {
    return /namespaces? "[^"]*" not found/.test(said)
      ? { code: 'NotFound', hint: 'Create the namespace first, or add it to the manifest files.' }
      : { code: 'NotFound', hint: 'Check the name, the namespace and the API version.' };
  }
  if (status === 409 && conflicts.length > 0) {
    return {
      code: 'ApplyConflict',
      hint: 'Leave the field out of the manifest file if the other manager is to keep it, or set "force: true" to take it over.',
    };
  }
  if (status === 422 && said.includes('field is immutable')) {
    return {
      code: 'ApplyRefused',
      hint: 'Give the object another name; a Job may carry the annotation aks-delivery/replace: "true", which deletes the earlier one first.',
    };
  }
  // A field that the kind's schema does not have is a 500 to server-side apply.
  const isMalformed = said.includes('failed to create typed patch object');
  if (status === 400 || status === 409 || status === 422 || isMalformed) {
    return { code: 'ApplyRefused', hint: 'Correct the field that the message names in the manifest file.' };
  }
  if (status === 429) return { code: 'Throttled', hint: 'The API server is busy: run the task again later.' };
  return {
    code: 'RemoteError',
    hint:
      reason === ''
        ? 'Run the task again; if it stays, look at the API server.'
        : `The API server calls it ${reason}.`,
  };
}

function parseStatus(text: string): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

// `details.causes` of reason FieldManagerConflict: `conflict with "kubectl" using apps/v1: .spec.replicas`
// (apimachinery, structured-merge-diff's conflict error as the API server reports it).
function conflictsOf(answer: JsonObject | undefined): readonly FieldConflict[] {
  return objectsAt(answer, 'details', 'causes')
    .filter((cause) => cause['reason'] === 'FieldManagerConflict')
    .map((cause) => ({
      manager: /conflict with "([^"]*)"/.exec(textAt(cause, 'message') ?? '')?.[1] ?? 'another manager',
      field: textAt(cause, 'field') ?? '',
    }));
}
