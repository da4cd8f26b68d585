import type { CheckResult, Verdict } from './release.ts';

export interface GateDecision {
  readonly verdict: Verdict;
  /** Why, in one line. */
  readonly reason: string;
  /** Required checks that kept the gate from passing. */
  readonly failedChecks: readonly string[];
}

/**
 * The verdict of a gate over its checks. Required checks decide, a failure before anything unknown; an inconclusive
 * check never lets the gate pass unless `acceptInconclusive` has its name. A gate on which nothing was required, or
 * everything required was inconclusive, has measured nothing and is inconclusive whatever was accepted.
 */
export function assessGate(
  checks: readonly Pick<CheckResult, 'name' | 'verdict' | 'required' | 'reason'>[],
  acceptInconclusive: readonly string[] = [],
): GateDecision {
  const required = checks.filter((check) => check.required);
  const failed = required.filter((check) => check.verdict === 'failed');
  const unknown = required.filter((check) => check.verdict === 'inconclusive');
  const accepted = unknown.filter((check) => acceptInconclusive.includes(check.name));
  const blocking = unknown.filter((check) => !acceptInconclusive.includes(check.name));
  const passed = required.filter((check) => check.verdict === 'passed');
  const failedChecks = required
    .filter((check) => failed.includes(check) || blocking.includes(check))
    .map((check) => check.name);

  if (failed.length > 0) {
    return { verdict: 'failed', reason: `${named(failed)}${others(failed.length, 'failed')}`, failedChecks };
  }
  if (blocking.length > 0) {
    const reason = `${named(blocking)}${others(blocking.length, 'are inconclusive')}`;
    return { verdict: 'inconclusive', reason, failedChecks };
  }
  if (passed.length === 0) {
    return {
      verdict: 'inconclusive',
      reason: required.length === 0 ? 'no required check was measured' : 'no required check said anything',
      failedChecks: required.map((check) => check.name),
    };
  }
  const advisory = checks.filter((check) => !check.required && check.verdict !== 'passed');
  return {
    verdict: 'passed',
    reason: [
      required.length === 1
        ? 'the required check passed'
        : accepted.length === 0
          ? `all ${required.length} required checks passed`
          : `${passed.length} of ${required.length} required checks passed`,
      ...(accepted.length > 0 ? [`inconclusive and accepted by name: ${list(accepted)}`] : []),
      ...(advisory.length > 0 ? [`advisory, not passed: ${list(advisory)}`] : []),
    ].join('; '),
    failedChecks: [],
  };
}

function named(checks: readonly { readonly name: string; readonly reason: string }[]): string {
  const first = checks[0];
  return first === undefined ? '' : `${first.name}: ${first.reason}`;
}

function others(count: number, what: string): string {
  return count > 1 ? ` (${count} required checks ${what})` : '';
}

function list(checks: readonly { readonly name: string }[]): string {
  return checks.map((check) => check.name).join(', ');
}
