import assert from 'node:assert/strict';
import { EndpointReader } from '../../../core/host/endpoint-reader.ts';
import { InputReader } from '../../../core/host/input-reader.ts';
import type { ConnectionReader } from '../../../core/host/connections.ts';
import { secretsOfKubeconfig } from '../../../core/host/kubernetes-connection.ts';
import { DeliveryError } from '../../../core/model/errors.ts';
import { fakeEndpoint, type FakeEndpoint } from '../../support/fake-sdk.ts';

const id = '0d2f1b44-3c60-4f0e-9d4b-6b8a2a1f7c11';

interface Reading {
  readonly connections: ConnectionReader;
  readonly kept: readonly string[];
}

function reading(endpoint: FakeEndpoint | undefined, value = id.toUpperCase()): Reading {
  const kept: string[] = [];
  const inputs = new InputReader((name) => (name === 'target' ? value : undefined), '/');
  const connections = new EndpointReader(
    inputs,
    (asked) => fakeEndpoint(asked === id ? endpoint : undefined),
    (secret) => kept.push(secret),
  );
  return { connections, kept };
}

function refusal(read: () => unknown): DeliveryError {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof DeliveryError, String(error));
    return error;
  }
  return assert.fail('nothing was refused');
}

const spn: FakeEndpoint = {
  url: 'https://management.azure.com/',
  scheme: 'ServicePrincipal',
  parameters: {
    tenantid: 'T',
    serviceprincipalid: 'C',
    authenticationType: 'spnKey',
    serviceprincipalkey: 'K-secret',
  },
  data: { environment: 'AzureCloud', SubscriptionID: 'S', SubscriptionName: 'Shop' },
};
const pem =
  '-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nMIJ\n-----END CERTIFICATE-----';

describe('an Azure Resource Manager connection', () => {
  it('by secret is a service principal with its subscription, and its secret is kept', () => {
    const { connections, kept } = reading(spn);
    assert.deepEqual(connections.azureResourceManager('target'), {
      type: 'azureResourceManager',
      id,
      input: 'target',
      cloud: {
        name: 'AzureCloud',
        authority: 'https://login.microsoftonline.com',
        resourceManager: 'https://management.azure.com',
        resourceManagerAudience: 'https://management.azure.com',
        registrySuffix: '.azurecr.io',
      },
      identity: { scheme: 'servicePrincipalSecret', tenantId: 'T', clientId: 'C', secret: 'K-secret' },
      subscriptionId: 'S',
      subscriptionName: 'Shop',
    });
    assert.deepEqual(kept, ['K-secret']);
  });

  const identities: readonly (readonly [string, FakeEndpoint, object])[] = [
    [
      'by certificate',
      {
        ...spn,
        parameters: {
          tenantid: 'T',
          serviceprincipalid: 'C',
          authenticationType: 'spnCertificate',
          servicePrincipalCertificate: pem,
        },
      },
      { scheme: 'servicePrincipalCertificate', tenantId: 'T', clientId: 'C', certificate: pem },
    ],
    [
      'by workload identity federation, whose assertion is for this very connection',
      {
        ...spn,
        scheme: 'WorkloadIdentityFederation',
        parameters: { tenantid: 'T', serviceprincipalid: 'C' },
      },
      { scheme: 'workloadIdentityFederation', tenantId: 'T', clientId: 'C', connectionId: id },
    ],
    [
      "by the machine's own managed identity",
      { ...spn, scheme: 'ManagedServiceIdentity', parameters: { tenantid: 'T' } },
      { scheme: 'managedIdentity', tenantId: 'T', clientId: undefined },
    ],
    [
      'by a user-assigned managed identity',
      { ...spn, scheme: 'managedserviceidentity', parameters: { tenantid: 'T' }, data: { msiclientId: 'M' } },
      { scheme: 'managedIdentity', tenantId: 'T', clientId: 'M' },
    ],
  ];
  for (const [name, endpoint, identity] of identities) {
    it(name, () => {
      assert.deepEqual(reading(endpoint).connections.azureResourceManager('target').identity, identity);
    });
  }

  const clouds: readonly (readonly [string, string, string])[] = [
    ['AzureChinaCloud', 'https://management.chinacloudapi.cn/', 'https://login.chinacloudapi.cn'],
    ['AzureUSGovernment', 'https://management.usgovcloudapi.net/', 'https://login.microsoftonline.us'],
    ['azurecloud', 'https://management.core.windows.net/', 'https://login.microsoftonline.com'],
  ];
  for (const [environment, url, authority] of clouds) {
    it(`of ${environment} at ${url} signs in at ${authority}`, () => {
      const { connections } = reading({ ...spn, url, data: { environment } });
      assert.equal(connections.azureResourceManager('target').cloud.authority, authority);
    });
  }

  const refused: readonly (readonly [string, FakeEndpoint | undefined, string])[] = [
    ['that the agent did not pass', undefined, 'ConnectionUnknown'],
    ['without tenant', { ...spn, parameters: { serviceprincipalid: 'C' } }, 'ConnectionUnsupported'],
    [
      'without secret',
      { ...spn, parameters: { tenantid: 'T', serviceprincipalid: 'C' } },
      'ConnectionUnsupported',
    ],
    ['by publish profile', { ...spn, scheme: 'PublishProfile' }, 'ConnectionUnsupported'],
    ['of Azure Stack', { ...spn, data: { environment: 'AzureStack' } }, 'ConnectionUnsupported'],
    [
      'whose certificate lacks its key',
      {
        ...spn,
        parameters: {
          tenantid: 'T',
          serviceprincipalid: 'C',
          authenticationType: 'spnCertificate',
          servicePrincipalCertificate: '-----BEGIN CERTIFICATE-----',
        },
      },
      'ConnectionUnsupported',
    ],
    [
      'that points to another host',
      { ...spn, url: 'https://management.azure.com.evil.example/' },
      'HostNotTrusted',
    ],
    [
      'that points to another cloud',
      { ...spn, url: 'https://management.chinacloudapi.cn/' },
      'HostNotTrusted',
    ],
    ['that is of Docker', { ...spn, data: { registrytype: 'ACR' } }, 'ConnectionUnsupported'],
    ['that is of Kubernetes', { ...spn, data: { authorizationType: 'Kubeconfig' } }, 'ConnectionUnsupported'],
  ];
  for (const [name, endpoint, code] of refused) {
    it(`${name} is refused, naming the input and a remedy`, () => {
      const error = refusal(() => reading(endpoint).connections.azureResourceManager('target'));
      assert.equal(error.code, code);
      assert.match(error.message, /target/);
      assert.ok(error.hint);
    });
  }

  it('given by a name that was not resolved is refused with why', () => {
    const error = refusal(() =>
      reading(undefined, 'contoso-prod').connections.azureResourceManager('target'),
    );
    assert.equal(error.code, 'ConnectionUnknown');
    assert.match(error.message, /'contoso-prod'/);
    assert.match(error.hint ?? '', /variable/);
  });

  it('not given is a missing input', () => {
    assert.equal(refusal(() => reading(spn).connections.azureResourceManager('other')).code, 'InputMissing');
  });
});

const acr: FakeEndpoint = {
  url: 'https://contoso.azurecr.io',
  scheme: 'ServicePrincipal',
  parameters: {
    loginServer: 'Contoso.azurecr.io',
    tenantid: 'T',
    serviceprincipalid: 'C',
    serviceprincipalkey: 'K',
  },
  data: { registrytype: 'ACR' },
};

describe('a Docker registry connection', () => {
  it('to ACR has the login server, its cloud and an identity', () => {
    const connection = reading(acr).connections.containerRegistry('target');
    assert.ok(connection.registry === 'azure');
    assert.equal(connection.loginServer, 'contoso.azurecr.io');
    assert.equal(connection.cloud.name, 'AzureCloud');
    assert.deepEqual(connection.identity, {
      scheme: 'servicePrincipalSecret',
      tenantId: 'T',
      clientId: 'C',
      secret: 'K',
    });
  });

  it('to ACR that keeps its scheme among the parameters is read so', () => {
    const { parameters } = acr;
    const connection = reading({
      url: 'https://contoso.azurecr.cn',
      parameters: { ...parameters, scheme: 'WorkloadIdentityFederation', loginServer: 'contoso.azurecr.cn' },
      data: { registrytype: 'ACR' },
    }).connections.containerRegistry('target');
    assert.ok(connection.registry === 'azure');
    assert.equal(connection.identity.scheme, 'workloadIdentityFederation');
    assert.equal(connection.cloud.name, 'AzureChinaCloud');
  });

  for (const loginServer of [
    'contoso.azurecr.io.evil.example',
    'evil.example/.azurecr.io',
    'evil.example#.azurecr.io',
    'contoso.azurecr.io:5000',
    'https://contoso.azurecr.io',
    'user@contoso.azurecr.io',
    '.azurecr.io',
  ]) {
    it(`to ACR at '${loginServer}' is refused: a token would go there`, () => {
      const endpoint = { ...acr, parameters: { ...acr.parameters, loginServer } };
      assert.equal(
        refusal(() => reading(endpoint).connections.containerRegistry('target')).code,
        'HostNotTrusted',
      );
    });
  }

  const hosts: readonly (readonly [string, string])[] = [
    ['https://index.docker.io/v1/', 'docker.io'],
    ['https://Registry.Example.com:5000/v2/', 'registry.example.com:5000'],
    ['registry.example.com:5000', 'registry.example.com:5000'],
    ['localhost:5000', 'localhost:5000'],
  ];
  for (const [registry, host] of hosts) {
    it(`to ${registry} is the host ${host}`, () => {
      const { connections, kept } = reading({
        url: 'https://ignored.example/',
        scheme: 'UsernamePassword',
        parameters: { registry, username: 'u', password: 'pass-word' },
        data: { registrytype: 'Others' },
      });
      assert.deepEqual(connections.containerRegistry('target'), {
        type: 'containerRegistry',
        registry: 'other',
        id,
        input: 'target',
        host,
        username: 'u',
        password: 'pass-word',
      });
      assert.deepEqual(kept, ['pass-word']);
    });
  }

  it('that is another kind of connection is refused', () => {
    assert.equal(
      refusal(() => reading(spn).connections.containerRegistry('target')).code,
      'ConnectionUnsupported',
    );
  });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a Kubernetes connection', () => {
  it('by service account has server, token and authority decoded, and both spellings of the token are kept', () => {
    const { connections, kept } = reading({
      url: 'https://10.0.0.1:6443',
      scheme: 'Token',
      parameters: { apiToken: base64('token-1234'), serviceAccountCertificate: base64('CA PEM') },
      data: { authorizationType: 'ServiceAccount', acceptUntrustedCerts: 'true' },
    });
    assert.deepEqual(connections.kubernetes('target'), {
      type: 'kubernetes',
      authorization: 'serviceAccount',
      id,
      input: 'target',
      server: 'https://10.0.0.1:6443',
      token: 'token-1234',
      certificateAuthority: 'CA PEM',
      acceptUntrustedCertificates: true,
    });
    assert.deepEqual(kept, [base64('token-1234'), 'token-1234']);
  });

  it('by kubeconfig has its text and context, and keeps the credentials in it', () => {
    const kubeconfig =
      'kind: Config\nusers:\n- name: a\n  user:\n    token: s3cr3t-token\n    client-key-data: S0VZ\n';
    const { connections, kept } = reading({
      url: 'https://10.0.0.1:6443',
      scheme: 'Kubernetes',
      parameters: { kubeconfig, clusterContext: 'staging' },
    });
    const connection = connections.kubernetes('target');
    assert.ok(connection.authorization === 'kubeconfig');
    assert.equal(connection.kubeconfig, kubeconfig.trim());
    assert.equal(connection.context, 'staging');
    assert.equal(connection.acceptUntrustedCertificates, false);
    assert.deepEqual(kept, ['s3cr3t-token', 'S0VZ']);
  });

  it('by kubeconfig in JSON keeps its credentials too', () => {
    const kubeconfig = JSON.stringify({ users: [{ user: { token: 'abc', password: "it's" } }] });
    assert.deepEqual(secretsOfKubeconfig(kubeconfig), ['abc', 'it']);
  });

  const refused: readonly (readonly [string, FakeEndpoint])[] = [
    ['of another kind', spn],
    ['by something new', { url: 'https://x.example', data: { authorizationType: 'Passkey' } }],
    ['without token', { url: 'https://x.example', data: { authorizationType: 'ServiceAccount' } }],
    [
      'without server',
      { scheme: 'Token', parameters: { apiToken: 'eA==' }, data: { authorizationType: 'AzureSubscription' } },
    ],
  ];
  for (const [name, endpoint] of refused) {
    it(`${name} is refused`, () => {
      assert.equal(
        refusal(() => reading(endpoint).connections.kubernetes('target')).code,
        'ConnectionUnsupported',
      );
    });
  }
});
