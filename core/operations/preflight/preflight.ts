import { DeliveryError } from '../../model/errors.ts';
import type { Log } from '../../model/ports.ts';
import { runProbes, type Finding, type Probe } from './probe.ts';

const marks: Readonly<Record<Finding['outcome'], string>> = { passed: 'ok', failed: 'FAILED', notAsked: '-' };

/**
 * Finds out, before anything is deployed, what would keep a deployment from succeeding; tells all of it together.
 * @throws DeliveryError `PreflightFailed` with everything that is not as it must be
 */
export async function preflight(
  probes: readonly Probe[],
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  log.phase('Preflight');
  const findings = await runProbes(probes, signal, ({ name, outcome, detail, remedy }) => {
    log.line(`${marks[outcome].padEnd(6)} ${name}: ${detail}`);
    if (remedy !== undefined) log.line(`       ${remedy}`);
  });
  return findings;
}

/** @throws DeliveryError `PreflightFailed` when anything failed */
export function requirePassed(findings: readonly Finding[]): void {
  const failed = findings.filter(({ outcome }) => outcome === 'failed');
  if (failed.length === 0) return;
  const list = failed.map(({ name, detail }) => `${name}: ${detail}`).join('\n');
  const remedies = failed.flatMap(({ name, remedy }) => (remedy === undefined ? [] : [`${name}: ${remedy}`]));
  throw new DeliveryError(
    'PreflightFailed',
    `${failed.length} of ${findings.length} checks failed:\n${list}`,
    {
      hint: remedies.join('\n'),
    },
  );
}
