import { shortDigest } from '../../model/digest.ts';
import { DeliveryError, messageOf, type ErrorCode } from '../../model/errors.ts';
import { textAt } from '../../model/kubernetes-object.ts';
import type { AzureCredential } from './credential.ts';
import type { ImportRequest } from './image-import.ts';

type Importer = Pick<AzureCredential, 'who' | 'grant'>;

interface Translation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const importerRole = 'Container Registry Data Importer and Data Reader';

/**
 * Says what is behind a failed import. The service's own texts often name the wrong registry or nothing at all
 * (Azure/azure-cli#31412, Azure/acr#632, Azure/acr#237); they are kept behind the translation.
 * @param waited how long, in milliseconds, when our patience ended it
 */
export function importError(
  error: unknown,
  request: ImportRequest,
  importer: Importer,
  waited: number | undefined,
): DeliveryError {
  const said = messageOf(error);
  const code =
    (error instanceof Error && 'code' in error ? String(error.code) : undefined) ??
    textAt(error, 'code') ??
    '';
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0;
  const what = `${request.target.loginServer} did not import ${request.sourcePath}@${shortDigest(request.digest)}`;
  const {
    code: ours,
    message,
    hint,
  } = waited === undefined ? translate(code, status, said, request, importer) : hung(waited);
  const service =
    waited === undefined ? ` (the service says ${code === '' ? '' : `${code}: `}${oneLine(said)})` : '';
  return new DeliveryError(ours, `${what}: ${message}${service}`, { hint, cause: error });
}

function hung(waited: number): Translation {
  return {
    code: 'DeadlineExceeded',
    message: `the service accepted the import and had not finished it after ${Math.round(waited / 60_000)} minutes`,
    hint: 'The operation may still end. Set mode to copy to do without it, or raise importTimeout for very large images.',
  };
}

function translate(
  code: string,
  status: number,
  said: string,
  { source, target, targetPath, tag }: ImportRequest,
  { who, grant }: Importer,
): Translation {
  if (code === 'LinkedAuthorizationFailed' || /linked scope/i.test(said)) {
    return {
      code: 'Forbidden',
      message: `${who} may not read the source registry ${source.loginServer}`,
      hint: `Assign it the role "${importerRole}" on the source registry too, or set mode to copy: ${grant(importerRole, source.id)}`,
    };
  }
  if (code === 'AuthorizationFailed' || status === 403) {
    const isSource = said.includes(source.id) || /pull\/read/.test(said);
    const registry = isSource ? source : target;
    return {
      code: 'Forbidden',
      message: `${who} may not ${isSource ? 'read' : 'import into'} ${registry.loginServer}`,
      hint: `Assign it the role "${importerRole}" (AcrPush does not include import), or set mode to copy: ${grant(importerRole, registry.id)}`,
    };
  }
  if (/not allowed access|acr\/firewall/i.test(said)) {
    return {
      code: 'Forbidden',
      message: `network rules keep the service away from ${said.includes(target.loginServer) ? target.loginServer : source.loginServer}`,
      hint: 'Allow trusted services on both registries ("Allow trusted Microsoft services to access this container registry"), or set mode to copy on an agent that reaches both.',
    };
  }
  if (/already exists/i.test(said) || status === 409) {
    return {
      code: 'TagConflict',
      message: `the tag ${targetPath}:${tag ?? ''} exists`,
      hint: 'Promote under a new tag, or set allowTagMove.',
    };
  }
  if (/more than \d+ manifests/i.test(said)) {
    return {
      code: 'ImportFailed',
      message: 'it has more manifests than the service imports at once',
      hint: 'Set mode to copy: it has no such limit.',
    };
  }
  if (/manifest ?unknown|not found/i.test(`${code} ${said}`)) {
    return {
      code: 'ImageNotFound',
      message: `the service does not find it in ${source.loginServer}`,
      hint: 'Has a clean-up removed it meanwhile?',
    };
  }
  if (/quota|limit|tier|size/i.test(said)) {
    return {
      code: 'ImportFailed',
      message: "a limit of the registry's tier is reached",
      hint: 'Free storage or raise the tier of the target registry.',
    };
  }
  if (status === 429) {
    return { code: 'Throttled', message: 'the service is throttled', hint: 'Run the stage again later.' };
  }
  return {
    code: 'ImportFailed',
    message: 'the service does not say why',
    hint: 'Most often it cannot read the source: check its network rules and the role on both registries. mode: copy shows the cause, or does the work.',
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 400);
}
