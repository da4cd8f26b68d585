/** A service connection as the agent receives it from the service. */
export interface ServiceConnection {
  /** A GUID; the agent writes it in lower case. */
  readonly id: string;
  /** What the YAML calls it. */
  readonly name: string;
  /** "AzureRM", "dockerregistry", "kubernetes"... */
  readonly type: string;
  readonly url: string;
  readonly authorization: { readonly scheme: string; readonly parameters: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

/** Authorization parameters that the agent does not mask: agent, MaskingUtil.cs. */
const unmasked: ReadonlySet<string> = new Set([
  'role',
  'scope',
  'tenantid',
  'issuedat',
  'expiresat',
  'audience',
  'authenticationtype',
  'authorizationtype',
  'accesstokentype',
  'accesstokenfetchingmethod',
  'usewindowssecurity',
  'unsecured',
  'oauthaccesstokenissupplied',
  'completecallbackpayload',
  'acceptuntrustedcertificates',
]);

/**
 * Parameters that the agent masks though they name things: a report without its registry's host would be worth little,
 * so a file may hold them.
 */
const identifiers: ReadonlySet<string> = new Set([
  'serviceprincipalid',
  'loginserver',
  'registry',
  'username',
  'email',
  'scheme',
  'clustercontext',
  'serviceaccountcertificate',
  'azureenvironment',
]);

/** Every value that the agent masks in the log because this connection holds it. */
export function maskedValues(connection: ServiceConnection): readonly string[] {
  return parametersWithout(connection, unmasked);
}

/** Those of them that are credentials: they may stand nowhere, masked or not. */
export function credentials(connection: ServiceConnection): readonly string[] {
  return parametersWithout(connection, new Set([...unmasked, ...identifiers]));
}

function parametersWithout(
  { authorization }: ServiceConnection,
  left: ReadonlySet<string>,
): readonly string[] {
  return Object.entries(authorization.parameters)
    .filter(([key, value]) => value !== '' && !left.has(key.toLowerCase()))
    .map(([, value]) => value);
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return guid.test(text);
}
