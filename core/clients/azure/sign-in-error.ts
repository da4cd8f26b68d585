import type { AzureCloud } from '../../model/azure-cloud.ts';
import type { AzureIdentity } from '../../model/azure-identity.ts';
import { DeliveryError, isDeliveryError, messageOf } from '../../model/errors.ts';
import { wayHint } from './pipeline.ts';

/**
 * Who signs in, as a person would look for it in Entra ID and in the project's settings. No secret is in it.
 * @param objectId known from the first token on; agents mask the client id in logs, this they do not
 */
export function describeIdentity(
  identity: AzureIdentity,
  objectId?: string,
  connection?: { readonly input: string; readonly id: string },
): string {
  const object = objectId === undefined ? '' : `, object id ${objectId}`;
  const of =
    connection === undefined ? '' : ` of the service connection in ${connection.input} (${connection.id})`;
  return `${nameOf(identity, object)}${of}`;
}

function nameOf(identity: AzureIdentity, object: string): string {
  switch (identity.scheme) {
    case 'servicePrincipalSecret':
      return `application ${identity.clientId} (secret${object})`;
    case 'servicePrincipalCertificate':
      return `application ${identity.clientId} (certificate${object})`;
    case 'workloadIdentityFederation':
      return `application ${identity.clientId} (workload identity federation${object})`;
    case 'managedIdentity':
      return `${identity.clientId === undefined ? "the agent machine's managed identity" : `managed identity ${identity.clientId}`}${object === '' ? '' : ` (${object.slice(2)})`}`;
  }
}

// Entra's documented sign-in errors that a pipeline's author can mend ("Microsoft Entra authentication and authorization
// error codes").
const remedies: Readonly<Record<string, string>> = {
  AADSTS7000215: 'The secret is wrong: put a valid secret value (not its id) into the service connection.',
  AADSTS7000222:
    'The secret has expired: renew it, or convert the service connection to workload identity federation.',
  AADSTS700016:
    'The application does not exist in this tenant: check client and tenant id of the service connection.',
  AADSTS700027: 'The certificate is not registered with the application, or has expired.',
  AADSTS70021:
    'The application has no federated credential for this service connection: add issuer and subject as the connection shows them.',
  AADSTS700211:
    'The application has no federated credential with this issuer: add it as the service connection shows it.',
  AADSTS700213:
    'The application has no federated credential with this subject: add it as the service connection shows it.',
  AADSTS700024: 'The assertion was no longer valid: check the clock of the agent machine.',
  AADSTS90002:
    'The tenant does not exist: check the tenant id and the cloud (environment) of the service connection.',
  AADSTS500011:
    'The tenant does not know the resource: check the cloud (environment) of the service connection.',
  AADSTS53003:
    'A conditional access policy blocks the sign-in: exclude the workload identity, or let the agent sign in from an allowed network.',
};

/** What the Azure identity packages throw, as an error to act on. */
export function signInError(
  error: unknown,
  who: string,
  cloud: AzureCloud,
  identity: AzureIdentity,
): DeliveryError {
  const told = chainOf(error).find(isDeliveryError);
  if (told !== undefined) return told;
  const said = chainOf(error).map(messageOf).join(' ');
  if (identity.scheme === 'managedIdentity') return managedIdentityError(error, who, said);
  const code = /AADSTS\d+/.exec(said)?.[0];
  if (code !== undefined) {
    return new DeliveryError(
      'Unauthenticated',
      `${who} could not sign in at ${cloud.authority}: ${firstLine(said, code)}`,
      {
        hint: remedies[code] ?? `Look up ${code} in Microsoft's list of Entra sign-in errors.`,
        cause: error,
      },
    );
  }
  if (
    /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|network_error|endpoints_resolution_error|certificate|\b407\b/i.test(
      said,
    )
  ) {
    return new DeliveryError(
      'Unreachable',
      `${cloud.authority} cannot be reached to sign in ${who}: ${firstLine(said)}`,
      {
        hint: wayHint(said),
        cause: error,
      },
    );
  }
  return new DeliveryError(
    'Unauthenticated',
    `${who} could not sign in at ${cloud.authority}: ${firstLine(said)}`,
    {
      hint: 'Verify the service connection in the project settings.',
      cause: error,
    },
  );
}

/** The instance metadata service answers on Azure's own machines alone, and knows only what is assigned to them. */
function managedIdentityError(error: unknown, who: string, said: string): DeliveryError {
  const isUnknown = /identity not found|invalid_request|400/i.test(said);
  return new DeliveryError(
    isUnknown ? 'Unauthenticated' : 'Unreachable',
    `${who} could not sign in at the instance metadata service: ${firstLine(said)}`,
    {
      hint: isUnknown
        ? 'Assign the managed identity to the agent machine: az vm identity assign (or az vmss identity assign).'
        : 'Managed identity works on self-hosted agents that are Azure virtual machines or scale sets; elsewhere use workload identity federation.',
      cause: error,
    },
  );
}

function chainOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let current = error; current !== undefined && current !== null && chain.length < 8;) {
    chain.push(current);
    current = (current as { cause?: unknown }).cause;
  }
  return chain;
}

/** One line, from the error code on: the rest is trace and correlation ids. */
function firstLine(text: string, from?: string): string {
  const start = from === undefined ? 0 : text.indexOf(from);
  return (text.slice(start).split(/[\r\n]|\sTrace ID:/)[0] ?? '').trim().slice(0, 300);
}
