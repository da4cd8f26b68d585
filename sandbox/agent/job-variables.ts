import { arch, platform } from 'node:os';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { TaskDefinition } from './task-definition.ts';
import type { TaskRequest } from './task-request.ts';
import { Variables } from './variables.ts';

/** The version that the sandbox claims to be: the newest agent whose source it was written after. */
export const agentVersion = '5.278.0';

/**
 * The job's variables as the step sees them: the request's, and those that an agent adds for the machine, the job and
 * the step (JobRunner.cs, JobExtension.cs, BuildJobExtension.cs, TaskRunner.cs).
 */
export function jobVariables(
  request: TaskRequest,
  definition: TaskDefinition,
  tempDirectory: string,
): { readonly variables: Variables; readonly instanceId: string } {
  const variables = new Variables();
  for (const [name, value] of Object.entries(request.variables)) variables.set(name, value);
  for (const [name, value] of Object.entries(request.secretVariables ?? {})) {
    variables.set(name, value, { secret: true });
  }
  const instanceId = randomUUID();
  const work = dirname(dirname(request.workingDirectory));
  const job = dirname(request.workingDirectory);
  const ours: Record<string, string> = {
    'System.DefaultWorkingDirectory': request.workingDirectory,
    'Agent.TempDirectory': tempDirectory,
    'Task.DisplayName': request.displayName ?? definition.friendlyName,
    'Task.PublishTelemetry': 'False',
    'System.TaskInstanceId': instanceId,
    'System.TaskDisplayName': request.displayName ?? definition.friendlyName,
    'System.TaskInstanceName': request.stepName ?? definition.name,
  };
  for (const [name, value] of Object.entries(ours)) variables.set(name, value);
  const machine: Record<string, string> = {
    'Agent.Version': agentVersion,
    'Agent.Id': '1',
    'Agent.Name': 'sandbox',
    'Agent.MachineName': 'sandbox',
    'Agent.OS': platform() === 'darwin' ? 'Darwin' : 'Linux',
    'Agent.OSArchitecture': arch() === 'arm64' ? 'ARM64' : 'X64',
    'Agent.JobName': 'Job',
    'Agent.JobStatus': 'Succeeded',
    'Agent.IsSelfHosted': '1',
    'Agent.WorkFolder': work,
    'Agent.BuildDirectory': job,
    'Pipeline.Workspace': job,
    'Build.SourcesDirectory': request.workingDirectory,
    'Build.ArtifactStagingDirectory': `${job}/a`,
    'Build.StagingDirectory': `${job}/a`,
    'Build.BinariesDirectory': `${job}/b`,
    'Common.TestResultsDirectory': `${job}/TestResults`,
    'System.WorkFolder': work,
    'System.HostType': 'build',
    'System.Culture': 'en-US',
    'System.CollectionUri': request.systemConnection.url,
    'System.TeamFoundationCollectionUri': request.systemConnection.url,
  };
  for (const [name, value] of Object.entries(machine)) variables.setIfAbsent(name, value);
  return { variables, instanceId };
}
