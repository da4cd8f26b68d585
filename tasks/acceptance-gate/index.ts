import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand, within } from '../../core/clients/command/command.ts';
import { HttpClient } from '../../core/clients/http/client.ts';
import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import { createKubernetesClient } from '../../core/clients/kubernetes/client.ts';
import { createServiceCaller } from '../../core/clients/kubernetes/service-caller.ts';
import type { Agent } from '../../core/host/agent.ts';
import { startTask } from '../../core/host/task.ts';
import { DeliveryError } from '../../core/model/errors.ts';
import { withVerdict, type GateVerdict } from '../../core/model/release.ts';
import { attachEvidence } from '../../core/operations/gate/evidence.ts';
import { judge, type GateOutcome } from '../../core/operations/gate/gate.ts';
import { formatJUnit } from '../../core/operations/gate/junit-file.ts';
import { formatLine, formatSummary } from '../../core/operations/gate/summary.ts';
import type { Tools } from '../../core/operations/gate/tools.ts';
import { renderReport } from '../../core/report/report.ts';
import { resolveClusterAccess } from '../cluster-access.ts';
import { openRegistries } from '../registry-access.ts';
import { runOf, writeRelease } from '../release-file.ts';
import { clusterDoor, httpDoor } from './doors.ts';
import { filesDoor } from './files.ts';
import { readInputs, type GateInputs } from './inputs.ts';

/** Some small requests for each image. */
const evidenceTime = 120_000;

startTask(async (agent: Agent) => {
  const inputs = readInputs(agent);
  const tools = await openTools(agent, inputs);
  const { gate, subject, plan } = inputs;
  const outcome = await judge({ gate, subject, plan, run: runOf(agent) }, tools, agent.log, agent.signal);
  agent.signal.throwIfAborted();
  const verdict = await withEvidence(agent, inputs, outcome.verdict);
  publish(agent, inputs, { ...outcome, verdict });
  conclude(agent, inputs, verdict);
});

/** Evidence is attached whatever the verdict: a failure must withdraw an earlier pass. */
async function withEvidence(agent: Agent, inputs: GateInputs, verdict: GateVerdict): Promise<GateVerdict> {
  if (inputs.evidence === undefined) return verdict;
  const { connection, signer } = inputs.evidence;
  const deadline = deadlineIn(evidenceTime, 'attaching the evidence', agent.signal);
  const http = new HttpClient({ clock: systemClock, deadline, proxy: agent.proxy });
  const registry = openRegistries(agent, http, [connection]);
  const tools = { registry, signer, log: agent.log, signal: deadline.signal };
  const evidence = await attachEvidence(inputs.subject.release, verdict, tools);
  return { ...verdict, evidence };
}

async function openTools(agent: Agent, inputs: GateInputs): Promise<Tools> {
  const { workingDirectory } = agent;
  const tools: Tools = {
    clock: systemClock,
    http: httpDoor(agent.proxy),
    files: filesDoor(workingDirectory),
    command: {
      run: (request, onLine, signal) =>
        runCommand(
          { ...request, workingDirectory: within(workingDirectory, request.workingDirectory) },
          onLine,
          signal,
        ),
    },
  };
  const needsCluster = inputs.plan.checks.some((check) => check.probe.needs.includes('cluster'));
  if (!needsCluster || !inputs.hasCluster) return tools;
  const access = await resolveClusterAccess(agent);
  const client = createKubernetesClient(access, { proxy: agent.proxy });
  const services = createServiceCaller(client, access, { proxy: agent.proxy });
  return { ...tools, cluster: clusterDoor(client, services) };
}

/** The verdict goes where people and later tasks look for it, whatever it is. */
function publish(agent: Agent, inputs: GateInputs, { verdict, failedChecks }: GateOutcome): void {
  const release = withVerdict(inputs.subject.release, verdict);
  writeRelease(agent, inputs.releaseFile, release);

  const results = join(agent.tempDirectory, `gate-${Date.now()}.xml`);
  writeFileSync(results, agent.redact(formatJUnit(release, verdict)));
  agent.publishTestResults(results, { title: `${verdict.gate} (${verdict.environment})` });
  agent.addSummary(`Gate ${verdict.gate}: ${verdict.verdict}`, formatSummary(release, verdict));
  if (inputs.reportFile !== undefined) {
    mkdirSync(dirname(inputs.reportFile), { recursive: true });
    writeFileSync(inputs.reportFile, agent.redact(renderReport(release)));
    agent.setOutput('reportFile', inputs.reportFile);
  }
  agent.setOutput('releaseFile', inputs.releaseFile);
  agent.setOutput('verdict', verdict.verdict);
  agent.setOutput('summary', formatLine(verdict));
  agent.setOutput('failedChecks', failedChecks.join(','));
}

function conclude(agent: Agent, { failTask }: GateInputs, verdict: GateVerdict): void {
  if (verdict.verdict === 'passed') return;
  const message = `gate ${verdict.gate} in ${verdict.environment}: ${verdict.verdict}: ${verdict.reason}`;
  if (!failTask) {
    agent.succeedWithIssues(message);
    return;
  }
  if (verdict.verdict === 'failed') {
    throw new DeliveryError('GateFailed', message, {
      hint: 'The Tests tab and the summary have every check; nothing was promoted.',
    });
  }
  throw new DeliveryError('GateInconclusive', message, {
    hint: 'Mend what kept the check from measuring and run the stage again; acceptInconclusive in the checks file lets a check be inconclusive by name.',
  });
}
