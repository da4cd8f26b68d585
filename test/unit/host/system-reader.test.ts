import assert from 'node:assert/strict';
import { readSystem } from '../../../core/host/system-reader.ts';
import { DeliveryError } from '../../../core/model/errors.ts';
import { fakeEndpoint } from '../../support/fake-sdk.ts';

const connection = fakeEndpoint({ url: 'https://dev.azure.com/contoso', parameters: { AccessToken: 'T' } });

function read(variables: Readonly<Record<string, string>>): ReturnType<typeof readSystem> {
  return readSystem((name) => variables[name], connection);
}

const build = {
  'System.HostType': 'build',
  'System.TeamProjectId': 'p1',
  'System.TeamProject': 'Contoso Shop',
  'System.DefinitionId': '7',
  'Build.DefinitionName': 'shop-cd',
  'Build.BuildId': '42',
  'Build.BuildNumber': '20250102.3',
};

describe('the system connection', () => {
  it('of a build names the run and its page', () => {
    const { collectionUrl, accessToken, oidcRequestUri, run } = read(build);
    assert.equal(collectionUrl, 'https://dev.azure.com/contoso/');
    assert.equal(accessToken, 'T');
    assert.equal(oidcRequestUri, undefined);
    assert.deepEqual(run.project, { id: 'p1', name: 'Contoso Shop' });
    assert.deepEqual(run.pipeline, { id: '7', name: 'shop-cd' });
    assert.equal(run.number, '20250102.3');
    assert.equal(run.url, 'https://dev.azure.com/contoso/Contoso%20Shop/_build/results?buildId=42');
    assert.equal(run.environment, undefined);
    assert.equal(run.source, undefined);
    assert.equal(run.attempt, 1);
  });

  it('of a deployment job names environment, stage, attempt and source', () => {
    const { run, oidcRequestUri } = read({
      ...build,
      'System.StageName': 'production',
      'System.JobName': 'deploy',
      'System.StageAttempt': '2',
      'Environment.Name': 'production',
      'Environment.Id': '9',
      'Build.Repository.Name': 'shop',
      'Build.Repository.Uri': 'https://dev.azure.com/contoso/shop/_git/shop',
      'Build.SourceVersion': 'c0ffee',
      'Build.SourceBranch': 'refs/heads/main',
      'System.OidcRequestUri': 'https://dev.azure.com/contoso/oidc',
    });
    assert.deepEqual(run.environment, { id: '9', name: 'production' });
    assert.equal(run.stage, 'production');
    assert.equal(run.attempt, 2);
    assert.equal(run.source?.commit, 'c0ffee');
    assert.equal(oidcRequestUri, 'https://dev.azure.com/contoso/oidc');
  });

  it('of a classic release names the release and its stage', () => {
    const { run } = read({
      'System.HostType': 'release',
      'System.TeamProject': 'shop',
      'Release.ReleaseId': '5',
      'Release.ReleaseName': 'Release-5',
      'Release.DefinitionName': 'shop-release',
      'Release.EnvironmentName': 'Production',
      'Release.AttemptNumber': '3',
      'Build.BuildId': '42',
    });
    assert.equal(run.host, 'release');
    assert.equal(run.id, '5');
    assert.equal(run.number, 'Release-5');
    assert.match(run.url, /_releaseProgress\?.*releaseId=5$/);
    assert.equal(run.environment?.name, 'Production');
    assert.equal(run.attempt, 3);
  });

  it('takes an attempt that is no number for the first', () => {
    assert.equal(read({ ...build, 'System.StageAttempt': 'x' }).run.attempt, 1);
  });

  it('that is missing is refused: no agent runs a task so', () => {
    assert.throws(
      () => readSystem(() => undefined, fakeEndpoint()),
      (error) =>
        error instanceof DeliveryError && error.code === 'ConnectionUnknown' && error.hint !== undefined,
    );
  });
});
