import { randomUUID } from 'node:crypto';

/** A refusal of Entra's token endpoint. Texts and codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
export class EntraError extends Error {
  readonly code: number;
  readonly error: string;
  readonly status: number;

  constructor(code: number, error: string, status: number, message: string) {
    super(message);
    this.code = code;
    this.error = error;
    this.status = status;
  }

  body(): Record<string, unknown> {
    const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;
    const trace = randomUUID();
    const correlation = randomUUID();
    return {
      error: this.error,
      error_description: `AADSTS${this.code}: ${this.message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [this.code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${this.code}`,
    };
  }
}

export const entraErrors = {
  unknownTenant: (name: string) =>
    new EntraError(
      90002,
      'invalid_request',
      400,
      `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    ),
  missingParameter: (name: string) =>
    new EntraError(
      900144,
      'invalid_request',
      400,
      `The request body must contain the following parameter: '${name}'.`,
    ),
  unsupportedGrant: (grant: string) =>
    new EntraError(
      70003,
      'unsupported_grant_type',
      400,
      `The app requested an unsupported grant type '${grant}'.`,
    ),
  unknownApplication: (clientId: string, directory: string) =>
    new EntraError(
      700016,
      'unauthorized_client',
      400,
      `Application with identifier '${clientId}' was not found in the directory '${directory}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    ),
  noCredential: () =>
    new EntraError(
      7000216,
      'invalid_client',
      401,
      `'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.`,
    ),
  wrongSecret: (clientId: string) =>
    new EntraError(
      7000215,
      'invalid_client',
      401,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
    ),
  malformedAssertion: () =>
    new EntraError(50027, 'invalid_request', 400, 'JWT token is invalid or malformed.'),
  expiredAssertion: (from: number | undefined, until: number | undefined) =>
    new EntraError(
      700024,
      'invalid_client',
      401,
      `Client assertion is not within its valid time range. Current time: ${instant()}, assertion valid from ${instant(from)}, expiry time of assertion ${instant(until)}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .`,
    ),
  unknownCertificate: (thumbprint: string) =>
    new EntraError(
      700027,
      'invalid_client',
      401,
      `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '${thumbprint}'].`,
    ),
  wrongSignature: () =>
    new EntraError(700027, 'invalid_client', 401, 'Client assertion failed signature validation.'),
  noMatchingSubject: (subject: string) =>
    new EntraError(700213, 'invalid_client', 401, noMatch('subject', subject)),
  noMatchingSubjectCase: (subject: string) =>
    new EntraError(
      7002138,
      'invalid_client',
      401,
      `No matching federated identity record found for presented assertion subject '${subject}'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`,
    ),
  noMatchingIssuer: (issuer: string) =>
    new EntraError(700211, 'invalid_client', 401, noMatch('issuer', issuer)),
  noMatchingAudience: (audience: string) =>
    new EntraError(700212, 'invalid_client', 401, noMatch('audience', audience)),
  invalidScope: (scope: string) =>
    new EntraError(
      1002012,
      'invalid_scope',
      400,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    ),
  unknownResource: (resource: string, directory: string) =>
    new EntraError(
      500011,
      'invalid_resource',
      400,
      `The resource principal named ${resource} was not found in the tenant named ${directory}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
    ),
};

function noMatch(what: string, value: string): string {
  return `No matching federated identity record found for presented assertion ${what} '${value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`;
}

function instant(secondsSinceEpoch?: number): string {
  return new Date(secondsSinceEpoch === undefined ? Date.now() : secondsSinceEpoch * 1000).toISOString();
}
