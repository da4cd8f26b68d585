import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contractEnvironment } from '../../sandbox/agent/environment.ts';
import type { Command } from '../promote/measured.ts';

export interface Contestants {
  readonly bundle: string;
  /** The multi-call binary that kubectl is part of. */
  readonly kubectl: string;
  readonly directory: string;
  readonly kubeconfig: string;
}

const connectionId = '00000000-0000-4000-8000-00000000de91';

/** The task's bundle as an agent starts it. */
export async function deployCommand(
  { bundle, directory, kubeconfig }: Contestants,
  manifests: string,
  namespace: string,
): Promise<Command> {
  const temporary = join(directory, 'temp');
  await mkdir(temporary, { recursive: true });
  const variables = {
    'Agent.TempDirectory': temporary,
    'System.DefaultWorkingDirectory': directory,
    'System.CollectionUri': 'https://dev.azure.com/contoso/',
    'System.TeamProject': 'shop',
    'System.TeamProjectId': '9a0e0000-0000-4000-8000-000000000001',
    'System.DefinitionId': '2',
    'System.HostType': 'build',
    'System.JobId': 'job',
    'Build.BuildId': '1',
    'Build.BuildNumber': '20261121.1',
    'Build.DefinitionName': 'shop-cd',
  };
  return {
    program: process.execPath,
    arguments: [join(bundle, 'index.js')],
    environment: contractEnvironment({
      agent: {},
      step: {},
      variables: Object.entries(variables).map(([name, value]) => ({
        name,
        value,
        secret: false,
        readOnly: false,
      })),
      inputs: new Map(
        Object.entries({
          manifests,
          connectionType: 'kubernetesServiceConnection',
          kubernetesServiceConnection: connectionId,
          namespace,
          timeout: '10m',
        }),
      ),
      connections: [
        {
          id: connectionId,
          name: 'bench',
          type: 'kubernetes',
          url: 'https://cluster.example',
          authorization: { scheme: 'Kubernetes', parameters: { kubeconfig, clusterContext: '' } },
          data: { authorizationType: 'Kubeconfig' },
        },
      ],
      system: { url: 'https://dev.azure.com/contoso/', accessToken: 'none' },
      taskVariables: {},
      prependPath: [],
    }),
  };
}

export async function kubectlCommand(
  { kubectl, directory, kubeconfig }: Contestants,
  args: readonly string[],
): Promise<Command> {
  const file = join(directory, 'kubeconfig');
  await writeFile(file, kubeconfig, { mode: 0o600 });
  return { program: kubectl, arguments: ['kubectl', `--kubeconfig=${file}`, ...args], environment: {} };
}
