import { readFileSync } from 'node:fs';
import type { Agent } from '../../core/host/agent.ts';
import type { ContainerRegistryConnection } from '../../core/host/connections.ts';
import { pemSigner, type Signer } from '../../core/model/dsse.ts';
import { DeliveryError } from '../../core/model/errors.ts';
import type { Release } from '../../core/model/release.ts';
import { parseChecks, type GatePlan } from '../../core/operations/gate/checks.ts';
import type { Subject } from '../../core/operations/gate/kind.ts';
import { kinds } from '../../core/operations/gate/kinds.ts';
import { readRelease } from '../release-file.ts';
import { readChecksDocument } from './checks-document.ts';

export interface GateInputs {
  readonly gate: string;
  readonly subject: Subject;
  readonly plan: GatePlan;
  readonly releaseFile: string;
  readonly reportFile: string | undefined;
  readonly hasCluster: boolean;
  /** Undefined attaches no evidence. */
  readonly evidence:
    { readonly connection: ContainerRegistryConnection; readonly signer: Signer | undefined } | undefined;
  /** Whether anything but a pass fails the task. */
  readonly failTask: boolean;
}

/** @throws DeliveryError for every input, record and checks file that cannot be used: nothing has been asked until then */
export function readInputs(agent: Agent): GateInputs {
  const { inputs } = agent;
  const releaseFile = requiredPath(agent, 'releaseFile');
  const environment = inputs.text('environment') ?? agent.system.run.environment?.name;
  if (environment === undefined) {
    throw new DeliveryError('InputMissing', 'input "environment" is missing', {
      hint: 'Name the environment that is measured, as aks-deploy called it. Deployment jobs name it by themselves.',
    });
  }
  const timeout = inputs.duration('timeout', { min: 1_000 });
  const connectionType = inputs.oneOf(
    'connectionType',
    ['azureResourceManager', 'kubernetesServiceConnection', 'none'],
    'azureResourceManager',
  );
  const release = readRelease(releaseFile);
  const subject: Subject = {
    release,
    environment,
    namespace: inputs.text('namespace') ?? deployedNamespace(release, environment),
  };
  const checks = readChecks(agent);
  return {
    gate: inputs.text('gate') ?? 'acceptance',
    subject,
    plan: within(
      timeout,
      parseChecks(readChecksDocument(checks.text, checks.name, agent), checks.name, kinds, subject),
    ),
    releaseFile,
    reportFile: inputs.path('reportFile'),
    hasCluster: connectionType !== 'none',
    evidence: readEvidence(agent),
    failTask: inputs.flag('failTask', true),
  };
}

/** No check's deadline lies beyond the gate's own. */
function within(timeout: number | undefined, plan: GatePlan): GatePlan {
  if (timeout === undefined) return plan;
  const checks = plan.checks.map((check) => ({
    ...check,
    schedule: { ...check.schedule, deadline: Math.min(check.schedule.deadline, timeout) },
  }));
  return { ...plan, checks };
}

function readChecks(agent: Agent): { readonly text: string; readonly name: string } {
  const inline = agent.inputs.text('inlineChecks');
  const path = agent.inputs.path('checks');
  if (inline !== undefined && path !== undefined) {
    throw new DeliveryError('InputInvalid', 'inputs "checks" and "inlineChecks" are both set', {
      hint: 'Give a file or the checks themselves, not both.',
    });
  }
  if (inline !== undefined) return { text: inline, name: 'inlineChecks' };
  if (path !== undefined) return { text: readText(path, 'checks'), name: path };
  throw new DeliveryError('InputMissing', 'inputs "checks" and "inlineChecks" are both blank', {
    hint: 'Set "checks" to a YAML file that lists the checks, or write them into "inlineChecks".',
  });
}

function readEvidence(agent: Agent): GateInputs['evidence'] {
  const path = agent.inputs.path('signingKey');
  if (agent.inputs.text('containerRegistry') === undefined) {
    if (path === undefined) return undefined;
    throw new DeliveryError('InputMissing', 'input "containerRegistry" is missing, and signingKey is set', {
      hint: 'Name the service connection of the registry that the evidence is to be attached in.',
    });
  }
  const connection = agent.connections.containerRegistry('containerRegistry');
  if (path === undefined) return { connection, signer: undefined };
  const passphrase = agent.inputs.text('signingKeyPassphrase');
  return { connection, signer: pemSigner(readText(path, 'signingKey'), 'input "signingKey"', passphrase) };
}

function requiredPath(agent: Agent, name: string): string {
  agent.inputs.required(name);
  return agent.inputs.path(name) ?? '';
}

function readText(path: string, input: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new DeliveryError('FileNotFound', `input "${input}": ${path} cannot be read`, {
      hint: 'Relative paths start at the working directory. Is it checked out or downloaded in this job?',
      cause: error,
    });
  }
}

/** Where the release was last deployed in this environment, by its own record. */
function deployedNamespace(release: Release, environment: string): string | undefined {
  return release.deployments.findLast((deployment) => deployment.environment === environment)?.namespace;
}
