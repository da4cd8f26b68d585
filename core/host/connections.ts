import type { AzureCloud } from '../model/azure-cloud.ts';
import type { AzureIdentity } from '../model/azure-identity.ts';

/**
 * The service connections that the task's inputs name, parsed. The agent passes the connection's content without its
 * type, so the caller says which it expects.
 * @throws DeliveryError `InputMissing` when the input is blank, `ConnectionUnknown` when the agent passed no such
 *   connection, `ConnectionUnsupported` when it is of another type, of a scheme we do not know, or incomplete
 */
export interface ConnectionReader {
  azureResourceManager(input: string): AzureResourceManagerConnection;
  containerRegistry(input: string): ContainerRegistryConnection;
  kubernetes(input: string): KubernetesConnection;
}

export type ServiceConnection =
  AzureResourceManagerConnection | ContainerRegistryConnection | KubernetesConnection;

export interface AzureResourceManagerConnection {
  readonly type: 'azureResourceManager';
  readonly id: string;
  /** The input that named it: error messages say it. */
  readonly input: string;
  readonly cloud: AzureCloud;
  readonly identity: AzureIdentity;
  /** Undefined for a connection scoped to a management group or a workspace. */
  readonly subscriptionId: string | undefined;
  readonly subscriptionName: string | undefined;
}

export type ContainerRegistryConnection = AzureRegistryConnection | BasicRegistryConnection;

/** A registry in Azure (ACR), reached with an identity. */
export interface AzureRegistryConnection {
  readonly type: 'containerRegistry';
  readonly registry: 'azure';
  readonly id: string;
  readonly input: string;
  /** The host alone, lower case, one of Azure's own suffixes: `contoso.azurecr.io`. */
  readonly loginServer: string;
  readonly cloud: AzureCloud;
  readonly identity: AzureIdentity;
}

/** Docker Hub or any other registry, reached with a user name and password. */
export interface BasicRegistryConnection {
  readonly type: 'containerRegistry';
  readonly registry: 'other';
  readonly id: string;
  readonly input: string;
  /** Host and optional port, lower case: `registry.example.com:5000`, `docker.io`. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

export type KubernetesConnection = KubeconfigConnection | ServiceAccountConnection;

export interface KubeconfigConnection {
  readonly type: 'kubernetes';
  readonly authorization: 'kubeconfig';
  readonly id: string;
  readonly input: string;
  /** YAML text, unparsed: the Kubernetes client owns its grammar. */
  readonly kubeconfig: string;
  /** The context that the connection chose; undefined is the kubeconfig's current one. */
  readonly context: string | undefined;
  readonly acceptUntrustedCertificates: boolean;
}

/** A service account's token; `azureSubscription` connections hold one too, which Azure DevOps made for them. */
export interface ServiceAccountConnection {
  readonly type: 'kubernetes';
  readonly authorization: 'serviceAccount' | 'azureSubscription';
  readonly id: string;
  readonly input: string;
  /** The API server's URL. */
  readonly server: string;
  readonly token: string;
  /** PEM of the authority that signed the API server's certificate; undefined trusts what the machine trusts. */
  readonly certificateAuthority: string | undefined;
  readonly acceptUntrustedCertificates: boolean;
}
