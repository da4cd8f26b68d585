import { isObject } from '../../model/json.ts';
import { ResponseError } from '../http/failures.ts';
import type { CompleteResponse } from '../http/message.ts';
import { registrySuffixes } from '../../model/azure-cloud.ts';
import { registryScope } from '../../model/role-assignment.ts';
import type { RegistryIdentity } from './credential.ts';

interface Problem {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/** The registry's own word for what went wrong (distribution-spec, "Error Codes"). */
export function problemOf(bytes: Uint8Array): Problem {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const errors = isObject(document) ? document['errors'] : undefined;
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    if (!isObject(first)) return { code: undefined, message: undefined };
    return { code: text(first['code']), message: text(first['message']) };
  } catch {
    return { code: undefined, message: undefined };
  }
}

/**
 * @param action what was attempted, for the message: "read the manifest shop/web:1"
 */
export function registryError(
  host: string,
  action: string,
  response: CompleteResponse,
  identity?: RegistryIdentity,
): ResponseError {
  const { code, message } = problemOf(response.bytes);
  const said = [String(response.status), code].filter((part) => part !== undefined).join(' ');
  const words = message === undefined ? '' : `: ${message.slice(0, 300)}`;
  const isRight = response.status === 401 || response.status === 403 || code === 'DENIED';
  const whom = identity === undefined || !isRight ? '' : ` for ${identity.who}`;
  const need = /^(?:read|list|look)/.test(action) ? 'pull' : 'push';
  const remedy = identity === undefined ? undefined : azureRemedy(host, need, identity);
  return new ResponseError(response.status, `${host} refused to ${action}${whom} (${said}${words})`, {
    serviceCode: code,
    hint: hintFor(host, response.status, code, message ?? '', remedy),
  });
}

/** How an identity gets the right that it lacks on one of Azure's registries. */
export function azureRemedy(
  host: string,
  need: 'pull' | 'push' | 'pull or push',
  identity: RegistryIdentity,
): string {
  const role = need === 'push' ? 'AcrPush' : 'AcrPull';
  const also = need === 'pull or push' ? ', or AcrPush to write' : '';
  const abac = `Container Registry Repository ${need === 'push' ? 'Writer' : 'Reader'}`;
  return `Assign it the role${also}: ${identity.grant(role, registryScope(host))} (on a registry with ABAC repository permissions: "${abac}")`;
}

const fullness = /no space left|quota|out of storage|disk full/i;

/** The registry has no room: time alone does not cure that. */
export function isFull(response: Pick<CompleteResponse, 'status' | 'bytes'>): boolean {
  return (
    response.status === 507 || (response.status >= 500 && fullness.test(response.bytes.toString('utf8')))
  );
}

function hintFor(
  host: string,
  status: number,
  code: string | undefined,
  message: string,
  remedy: string | undefined,
): string | undefined {
  const isAzure = registrySuffixes.some((suffix) => host.endsWith(suffix));
  if (isAzure && /not allowed access|firewall/i.test(message)) {
    return `The registry's network rules refuse this agent. Allow its address, or run on an agent inside the network that ${host}'s private endpoint is in.`;
  }
  if (status === 401 || status === 403 || code === 'DENIED' || code === 'UNAUTHORIZED') {
    if (remedy !== undefined) return remedy;
    return isAzure
      ? 'Give the identity AcrPull to read or AcrPush to write; on a registry with ABAC repository permissions, Container Registry Repository Reader or Writer instead.'
      : 'Check that the account of the service connection may read (or, for the target, write) this repository.';
  }
  switch (code) {
    case 'TOOMANYREQUESTS':
      return 'The registry throttles this account. Raise the timeout or spread the pipelines out.';
    case 'MANIFEST_INVALID':
    case 'MANIFEST_BLOB_UNKNOWN':
      return 'The registry does not accept this manifest: check that it supports OCI image indexes and artifacts.';
    case 'UNSUPPORTED':
      return 'The registry, or this repository, does not take this operation: is it read-only, locked or a cache?';
    default:
      if (status === 507 || fullness.test(message)) {
        return 'The registry has no room left: clean it up or raise its quota, and run again. What arrived is not moved again.';
      }
      return status >= 500 ? 'The registry itself failed. Run the stage again when it is well.' : undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
