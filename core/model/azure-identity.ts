/** Who a service connection signs in as. One member per scheme that Azure DevOps offers. */
export type AzureIdentity =
  ServicePrincipalSecret | ServicePrincipalCertificate | WorkloadIdentityFederation | ManagedIdentity;

export interface ServicePrincipalSecret {
  readonly scheme: 'servicePrincipalSecret';
  readonly tenantId: string;
  readonly clientId: string;
  readonly secret: string;
}

export interface ServicePrincipalCertificate {
  readonly scheme: 'servicePrincipalCertificate';
  readonly tenantId: string;
  readonly clientId: string;
  /** PEM: private key and certificate in one text. */
  readonly certificate: string;
}

export interface WorkloadIdentityFederation {
  readonly scheme: 'workloadIdentityFederation';
  readonly tenantId: string;
  readonly clientId: string;
  /** The service connection's id: Azure DevOps issues the assertion for exactly this one. */
  readonly connectionId: string;
}

/** The agent machine's own identity: asked at the instance metadata service. */
export interface ManagedIdentity {
  readonly scheme: 'managedIdentity';
  readonly tenantId: string | undefined;
  /** A user-assigned identity; undefined is the machine's system-assigned one. */
  readonly clientId: string | undefined;
}
