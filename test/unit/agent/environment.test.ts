import assert from 'node:assert/strict';
import { contractEnvironment, mangle, type ContractContents } from '../../../sandbox/agent/environment.ts';

const empty: ContractContents = {
  agent: {},
  step: {},
  variables: [],
  inputs: new Map(),
  connections: [],
  system: { url: 'https://dev.azure.com/contoso/', accessToken: 'T' },
  taskVariables: {},
  prependPath: [],
};

describe("a task's environment", () => {
  it('names variables as the agent does', () => {
    assert.equal(mangle('Build.Build Id'), 'BUILD_BUILD_ID');
    assert.equal(mangle('my-input'), 'MY-INPUT');
  });

  it('has public variables plain and secret ones apart, and lists the names of both', () => {
    const environment = contractEnvironment({
      ...empty,
      variables: [
        { name: 'Build.BuildId', value: '42', secret: false, readOnly: false },
        { name: 'Deploy.Key', value: 'hunter2', secret: true, readOnly: false },
        { name: 'Agent.JobStatus', value: 'Succeeded', secret: false, readOnly: false },
      ],
    });
    assert.equal(environment['BUILD_BUILDID'], '42');
    assert.equal(environment['SECRET_DEPLOY_KEY'], 'hunter2');
    assert.equal(environment['DEPLOY_KEY'], undefined);
    assert.equal(environment['Agent.JobStatus'], 'Succeeded');
    assert.deepEqual(JSON.parse(environment['VSTS_PUBLIC_VARIABLES'] ?? ''), [
      'Build.BuildId',
      'Agent.JobStatus',
    ]);
    assert.deepEqual(JSON.parse(environment['VSTS_SECRET_VARIABLES'] ?? ''), ['Deploy.Key']);
  });

  it('has a connection under its lower-case id', () => {
    const environment = contractEnvironment({
      ...empty,
      connections: [
        {
          id: '0D2F1B44-3C60-4F0E-9D4B-6B8A2A1F7C11',
          name: 'contoso',
          type: 'AzureRM',
          url: 'https://management.azure.com/',
          authorization: { scheme: 'ServicePrincipal', parameters: { serviceprincipalkey: 'K' } },
          data: { SubscriptionID: 'S' },
        },
      ],
    });
    const id = '0d2f1b44-3c60-4f0e-9d4b-6b8a2a1f7c11';
    assert.equal(environment[`ENDPOINT_URL_${id}`], 'https://management.azure.com/');
    assert.equal(environment[`ENDPOINT_AUTH_SCHEME_${id}`], 'ServicePrincipal');
    assert.equal(environment[`ENDPOINT_AUTH_PARAMETER_${id}_SERVICEPRINCIPALKEY`], 'K');
    assert.equal(environment[`ENDPOINT_DATA_${id}_SUBSCRIPTIONID`], 'S');
    assert.deepEqual(JSON.parse(environment[`ENDPOINT_AUTH_${id}`] ?? ''), {
      parameters: { serviceprincipalkey: 'K' },
      scheme: 'ServicePrincipal',
    });
  });

  it('has the system connection by its name and without data', () => {
    const names = Object.keys(contractEnvironment(empty)).filter((name) =>
      name.includes('SYSTEMVSSCONNECTION'),
    );
    assert.deepEqual(names.sort(), [
      'ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN',
      'ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION',
      'ENDPOINT_AUTH_SYSTEMVSSCONNECTION',
      'ENDPOINT_URL_SYSTEMVSSCONNECTION',
    ]);
  });

  it("lets a variable win over the step's env, and that over the agent's", () => {
    const environment = contractEnvironment({
      ...empty,
      agent: { COLOUR: 'agent', SIZE: 'agent' },
      step: { COLOUR: 'step', SIZE: 'step' },
      variables: [{ name: 'colour', value: 'variable', secret: false, readOnly: false }],
    });
    assert.equal(environment['COLOUR'], 'variable');
    assert.equal(environment['SIZE'], 'step');
  });

  it('puts what was prepended last first in PATH', () => {
    const environment = contractEnvironment({ ...empty, agent: { PATH: '/bin' }, prependPath: ['/a', '/b'] });
    assert.equal(environment['PATH'], '/b:/a:/bin');
  });
});
