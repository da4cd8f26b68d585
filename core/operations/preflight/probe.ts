import { isDeliveryError, messageOf } from '../../model/errors.ts';

/** One thing that a deployment will need, and how to find out whether it is there. */
export interface Probe {
  /** "Sign-in", "Rights in the cluster" */
  readonly name: string;
  /** Names of probes without whose success this one can not be asked. */
  readonly needs?: readonly string[];
  /**
   * @returns what was found, in a few words
   * @throws DeliveryError with its remedy as hint
   */
  run(signal: AbortSignal): Promise<string>;
}

export interface Finding {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'notAsked';
  /** What was found, what is wrong, or why it was not asked. */
  readonly detail: string;
  readonly remedy: string | undefined;
}

/**
 * Asks all of them, also after one has failed: whoever mends the agent, the network or the roles wants the whole list.
 * @throws what is no DeliveryError: a defect is no finding
 */
export async function runProbes(
  probes: readonly Probe[],
  signal: AbortSignal,
  report: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const probe of probes) {
    const missing = (probe.needs ?? []).filter((need) => !hasPassed(findings, need));
    const finding: Finding =
      missing.length > 0
        ? { name: probe.name, outcome: 'notAsked', detail: `first: ${missing.join(', ')}`, remedy: undefined }
        : await ask(probe, signal);
    findings.push(finding);
    report(finding);
  }
  return findings;
}

function hasPassed(findings: readonly Finding[], name: string): boolean {
  return findings.some((finding) => finding.name === name && finding.outcome === 'passed');
}

async function ask(probe: Probe, signal: AbortSignal): Promise<Finding> {
  try {
    const detail = await probe.run(signal);
    return { name: probe.name, outcome: 'passed', detail, remedy: undefined };
  } catch (error) {
    signal.throwIfAborted();
    if (!isDeliveryError(error)) throw error;
    const detail = `${error.code}: ${messageOf(error)}`;
    return { name: probe.name, outcome: 'failed', detail, remedy: error.hint };
  }
}
