import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTask } from '../../sandbox/agent/task-host.ts';
import type { ServiceConnection } from '../../sandbox/agent/service-connection.ts';
import type { TaskRequest } from '../../sandbox/agent/task-request.ts';
import type { TaskRun } from '../../sandbox/agent/task-run.ts';
import { bundleTask } from '../../scripts/bundle/task-bundle.ts';

export const secretKey = 'correct horse battery staple';

export const azureConnection: ServiceConnection = {
  id: '0D2F1B44-3C60-4F0E-9D4B-6B8A2A1F7C11',
  name: 'contoso-staging',
  type: 'AzureRM',
  url: 'https://management.azure.com/',
  authorization: {
    scheme: 'ServicePrincipal',
    parameters: {
      tenantid: '72f988bf-0000-4000-8000-00000000c0de',
      serviceprincipalid: 'c11e4700-0000-4000-8000-000000000001',
      authenticationType: 'spnKey',
      serviceprincipalkey: 'key~of-the-service-principal',
    },
  },
  data: { environment: 'AzureCloud', SubscriptionID: '5ab5c819-0000-4000-8000-000000000001' },
};

/** Runs the fixture task, in a working directory of its own that is gone afterwards. */
export async function runFixture(action: string, request: Partial<TaskRequest> = {}): Promise<TaskRun> {
  const { directory } = await bundleTask('fixture-task', 'test/support/fixture-task', 'build/fixtures');
  const work = await mkdtemp(join(tmpdir(), 'agent-'));
  try {
    return await runTask({
      taskDirectory: directory,
      variables: { 'Build.BuildNumber': '20250102.3', 'System.TeamProject': 'shop', 'Build.BuildId': '42' },
      secretVariables: { 'Deploy.Key': secretKey },
      serviceConnections: [azureConnection],
      systemConnection: { url: 'https://dev.azure.com/contoso/', accessToken: 'access-token-of-the-job' },
      workingDirectory: join(work, '1', 's'),
      environment: { PATH: process.env['PATH'] ?? '' },
      ...request,
      inputs: { action, ...request.inputs },
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
