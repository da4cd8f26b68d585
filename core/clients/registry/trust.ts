import { registrySuffixes } from '../../model/azure-cloud.ts';
import { DeliveryError } from '../../model/errors.ts';

/** This machine, by whatever name: the only place where plain HTTP is spoken. */
export function isLoopback(host: string): boolean {
  const name = hostName(host);
  return (
    name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d+){3}$/.test(name)
  );
}

/**
 * Refuses to let an Entra token out to a registry that is not Azure's: whoever names a registry chooses where the token
 * would go.
 * @throws DeliveryError `HostNotTrusted`
 */
export function requireAzureRegistry(host: string, suffix: string): void {
  if (host.endsWith(suffix) && /^[a-z0-9-]+$/.test(host.slice(0, -suffix.length))) return;
  throw new DeliveryError(
    'HostNotTrusted',
    `an Azure identity is never presented to ${host}, which is not a registry of its cloud (*${suffix})`,
    {
      hint: 'Use a Docker registry service connection with a user name and password for registries outside Azure.',
    },
  );
}

/**
 * The URL at which a registry wants its tokens to be asked for, when credentials may go there: over TLS, to the
 * registry's own host or one of the same owner. Registries of Azure issue their own.
 * @throws DeliveryError `HostNotTrusted`
 */
export function trustedRealm(realm: string, registry: URL): URL {
  let url: URL;
  try {
    url = new URL(realm);
  } catch {
    throw untrusted(registry, `"${realm.slice(0, 200)}", which is not a URL`);
  }
  if (url.username !== '' || url.password !== '') {
    throw untrusted(registry, 'a URL with credentials in it');
  }
  const isPlain = url.protocol === 'http:' && registry.protocol === 'http:' && isLoopback(url.host);
  if (url.protocol !== 'https:' && !isPlain) throw untrusted(registry, `${url.origin}, which is not HTTPS`);
  if (url.host !== registry.host && !isSameOwner(url.hostname, registry.hostname)) {
    throw untrusted(registry, `${url.host}, which belongs to somebody else`);
  }
  return url;
}

/** Loopback is one owner; elsewhere two names of one registered domain are. */
function isSameOwner(one: string, other: string): boolean {
  if (isLoopback(one) && isLoopback(other)) return true;
  if (isAddress(one) || isAddress(other)) return one === other;
  if (registrySuffixes.some((suffix) => one.endsWith(suffix) || other.endsWith(suffix))) return one === other;
  return registeredDomain(one) === registeredDomain(other);
}

// Enough of the public suffix idea to tell `auth.docker.io` from `evil.co.uk`: a short second level below a country
// ("co.uk", "com.au") and the clouds' shared domains count as suffixes.
const sharedDomains = [
  'amazonaws.com',
  'azurewebsites.net',
  'cloudapp.net',
  'azure.com',
  'windows.net',
  'googleusercontent.com',
  'run.app',
  'github.io',
  'herokuapp.com',
];

function registeredDomain(name: string): string {
  const labels = name.split('.');
  const lastTwo = labels.slice(-2).join('.');
  if (sharedDomains.includes(lastTwo)) return name;
  const isCountrySuffix = (labels.at(-1)?.length ?? 0) === 2 && (labels.at(-2)?.length ?? 0) <= 3;
  return isCountrySuffix && labels.length > 2 ? labels.slice(-3).join('.') : lastTwo;
}

function isAddress(name: string): boolean {
  return name.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(name);
}

function hostName(host: string): string {
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : (host.split(':')[0] ?? host);
}

function untrusted(registry: URL, what: string): DeliveryError {
  return new DeliveryError(
    'HostNotTrusted',
    `${registry.host} asks for its credentials to be sent to ${what}; they were not sent`,
    { hint: `Check that ${registry.host} is the registry you mean and that nothing answers in its place.` },
  );
}
