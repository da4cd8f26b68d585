import { load, YAMLException } from 'js-yaml';
import { DeliveryError } from '../../model/errors.ts';
import { defined, isObject, type JsonObject } from '../../model/json.ts';
import { fieldAt, objectsAt, textAt } from '../../model/kubernetes-object.ts';

/**
 * How to reach one API server and as whom. Kubeconfigs are read here and not by @kubernetes/client-node: its KubeConfig
 * brings OpenID, WebSocket and fetch packages that cost every deployment start-up time, and it would run exec plugins,
 * which is what must not happen on an agent.
 */
export interface ClusterAccess {
  /** `https://host:port`, without a trailing slash; a path is kept. */
  readonly server: string;
  /** How messages call the cluster. */
  readonly name: string;
  /** PEM. Undefined trusts what the machine trusts. */
  readonly certificateAuthority?: string;
  /** The name to expect in the server's certificate, where it differs from the host. */
  readonly tlsServerName?: string;
  readonly acceptUntrustedCertificates: boolean;
  /** The context's namespace. */
  readonly namespace?: string;
  readonly credential: ClusterCredential;
}

export type ClusterCredential =
  | { readonly kind: 'token'; token(signal?: AbortSignal): Promise<string> }
  | { readonly kind: 'clientCertificate'; readonly certificate: string; readonly key: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** A token of Entra ID for this server application is wanted: `withEntra` gets it. */
  | { readonly kind: 'entra'; readonly serverApplication: string };

/** What `withEntra` needs of an Azure credential. */
export interface TokenSource {
  token(scope: string, signal?: AbortSignal): Promise<{ readonly token: string }>;
}

/** The AKS server application of all tenants and clouds (AKS docs, "Use kubelogin", `--server-id`). */
export const aksServerApplication = '6dae42f8-4368-4678-94ff-3960e28e3630';

export function accessFromServiceAccount(connection: {
  readonly server: string;
  readonly token: string;
  readonly certificateAuthority?: string | undefined;
  readonly acceptUntrustedCertificates: boolean;
}): ClusterAccess {
  const { token } = connection;
  return defined({
    server: serverUrl(connection.server, 'the service connection'),
    name: new URL(connection.server).host,
    certificateAuthority: connection.certificateAuthority,
    acceptUntrustedCertificates: connection.acceptUntrustedCertificates,
    credential: { kind: 'token' as const, token: () => Promise.resolve(token) },
  });
}

/** Replaces the wish for an Entra token by the token itself, asked for anew whenever a request needs one. */
export function withEntra(access: ClusterAccess, source: TokenSource): ClusterAccess {
  if (access.credential.kind !== 'entra') return access;
  const scope = `${access.credential.serverApplication}/.default`;
  return {
    ...access,
    credential: { kind: 'token', token: async (signal) => (await source.token(scope, signal)).token },
  };
}

export interface KubeconfigOptions {
  /** Undefined is the kubeconfig's current context. */
  readonly context?: string | undefined;
  /** How messages call the kubeconfig. */
  readonly name: string;
  /** Reads a file that the kubeconfig names; without it such fields are refused. */
  readonly readFile?: (path: string) => string;
  readonly acceptUntrustedCertificates?: boolean;
}

/**
 * @throws DeliveryError `InputInvalid` for what is no kubeconfig, `CredentialUnsupported` for credentials that need a
 *   program on the agent (exec plugins other than kubelogin, which is answered in process)
 */
export function accessFromKubeconfig(text: string, options: KubeconfigOptions): ClusterAccess {
  const config = parse(text, options.name);
  const contextName = options.context ?? textAt(config, 'current-context') ?? '';
  const context = named(config, 'contexts', contextName, 'context', options.name);
  const clusterName = textAt(context, 'cluster') ?? '';
  const cluster = named(config, 'clusters', clusterName, 'cluster', options.name);
  const user = named(config, 'users', textAt(context, 'user') ?? '', 'user', options.name);
  const server = textAt(cluster, 'server');
  if (server === undefined) throw invalid(options.name, `cluster "${clusterName}" has no server`);
  if (textAt(cluster, 'proxy-url') !== undefined) {
    throw new DeliveryError(
      'CredentialUnsupported',
      `${options.name}: cluster "${clusterName}" names a proxy-url`,
      {
        hint: "Take proxy-url out of the kubeconfig and configure the agent's own proxy.",
      },
    );
  }
  return defined({
    server: serverUrl(server, options.name),
    name: clusterName,
    certificateAuthority: dataOrFile(cluster, 'certificate-authority', options),
    tlsServerName: textAt(cluster, 'tls-server-name'),
    acceptUntrustedCertificates:
      cluster['insecure-skip-tls-verify'] === true || options.acceptUntrustedCertificates === true,
    namespace: textAt(context, 'namespace'),
    credential: credentialOf(user, options),
  });
}

function credentialOf(user: JsonObject, options: KubeconfigOptions): ClusterCredential {
  const exec = user['exec'];
  if (isObject(exec)) return credentialOfPlugin(exec, options.name);
  const provider = user['auth-provider'];
  if (isObject(provider)) {
    if (textAt(provider, 'name') === 'azure') {
      return {
        kind: 'entra',
        serverApplication: textAt(provider, 'config', 'apiserver-id') ?? aksServerApplication,
      };
    }
    throw unsupported(options.name, `the auth provider "${textAt(provider, 'name') ?? ''}"`);
  }
  const token = textAt(user, 'token') ?? fileOf(user, 'tokenFile', options)?.trim();
  if (token !== undefined) return { kind: 'token', token: () => Promise.resolve(token) };
  const certificate = dataOrFile(user, 'client-certificate', options);
  const key = dataOrFile(user, 'client-key', options);
  if (certificate !== undefined && key !== undefined) return { kind: 'clientCertificate', certificate, key };
  const username = textAt(user, 'username');
  const password = textAt(user, 'password');
  if (username !== undefined && password !== undefined) return { kind: 'basic', username, password };
  throw invalid(options.name, 'its user has no credential: no token, no client certificate, no exec plugin');
}

function credentialOfPlugin(exec: JsonObject, name: string): ClusterCredential {
  const command = textAt(exec, 'command') ?? '';
  const program =
    command
      .split(/[\\/]/)
      .at(-1)
      ?.replace(/\.exe$/i, '') ?? '';
  const args = Array.isArray(exec['args']) ? exec['args'].map(String) : [];
  const isKubelogin = program === 'kubelogin' || (program === 'kubectl' && args[0] === 'kubelogin');
  if (!isKubelogin) throw unsupported(name, `the program "${program}"`);
  return { kind: 'entra', serverApplication: optionOf(args, '--server-id') ?? aksServerApplication };
}

function optionOf(args: readonly string[], option: string): string | undefined {
  const at = args.indexOf(option);
  if (at >= 0) return args[at + 1];
  return args.find((argument) => argument.startsWith(`${option}=`))?.slice(option.length + 1);
}

function parse(text: string, name: string): JsonObject {
  let document: unknown;
  try {
    document = load(text, { maxAliases: 100 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // The YAML error quotes the text around the fault, and that text may be a key: only the place is told.
    throw invalid(name, `it is not YAML (line ${(error.mark?.line ?? 0) + 1})`);
  }
  if (!isObject(document)) throw invalid(name, 'it is not a kubeconfig');
  return document;
}

function named(config: JsonObject, list: string, wanted: string, word: string, name: string): JsonObject {
  const entries = objectsAt(config, list);
  const entry = entries.find((candidate) => candidate['name'] === wanted);
  const content = fieldAt(entry, word);
  if (isObject(content)) return content;
  const known = entries.map((candidate) => textAt(candidate, 'name') ?? '').filter((text) => text !== '');
  const said = wanted === '' ? `it chooses no ${word}` : `it has no ${word} "${wanted}"`;
  throw invalid(name, `${said}${known.length === 0 ? '' : `; it has ${known.join(', ')}`}`);
}

function dataOrFile(owner: JsonObject, field: string, options: KubeconfigOptions): string | undefined {
  const data = textAt(owner, `${field}-data`);
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  return fileOf(owner, field, options);
}

function fileOf(owner: JsonObject, field: string, options: KubeconfigOptions): string | undefined {
  const path = textAt(owner, field);
  if (path === undefined || path === '') return undefined;
  if (options.readFile === undefined) {
    throw new DeliveryError('CredentialUnsupported', `${options.name} points to a file: ${field}`, {
      hint: `Embed it: "kubectl config view --raw --flatten" writes ${field}-data in its place.`,
    });
  }
  return options.readFile(path);
}

function serverUrl(text: string, name: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(name, `"${text}" is not the URL of an API server`);
  }
  if (url.protocol !== 'https:') {
    throw new DeliveryError(
      'HostNotTrusted',
      `${name}: the API server ${url.origin} is not reached by https`,
      {
        hint: 'Use the https address: a token or certificate is never sent in clear.',
      },
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function unsupported(name: string, what: string): DeliveryError {
  return new DeliveryError(
    'CredentialUnsupported',
    `${name} gets its credential by ${what}, which is not run`,
    {
      hint: 'No program is started for a credential. For AKS give azureSubscription, azureResourceGroup and kubernetesCluster; elsewhere a kubeconfig with a token or client certificate, or a service account connection.',
    },
  );
}

function invalid(name: string, why: string): DeliveryError {
  return new DeliveryError('InputInvalid', `${name} cannot be used: ${why}`, {
    hint: 'Give the whole kubeconfig as "kubectl config view --raw --flatten --minify" prints it.',
  });
}
