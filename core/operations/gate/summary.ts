import { shortDigest } from '../../model/digest.ts';
import { formatDuration } from '../../model/duration.ts';
import type { CheckResult, GateVerdict, Release, Verdict } from '../../model/release.ts';
import { escapeMarkdown } from './markdown.ts';

const marks: Readonly<Record<Verdict, string>> = { passed: '✅', failed: '❌', inconclusive: '❔' };

/** The verdict for the run's summary page. */
export function formatSummary(release: Release, verdict: GateVerdict): string {
  const took = Date.parse(verdict.finishedAt) - Date.parse(verdict.startedAt);
  return [
    `### ${marks[verdict.verdict]} ${escapeMarkdown(verdict.gate)}: ${verdict.verdict}`,
    '',
    escapeMarkdown(verdict.reason),
    '',
    `Release **${escapeMarkdown(release.name)}** in **${escapeMarkdown(verdict.environment)}**, judged in ${formatDuration(took)}.`,
    '',
    '| | check | kind | | why |',
    '|---|---|---|---|---|',
    ...verdict.checks.map(
      (check) =>
        `| ${marks[check.verdict]} ${check.verdict} | ${escapeMarkdown(check.name)} | ${escapeMarkdown(check.kind)} | ${check.required ? 'required' : 'advisory'} | ${escapeMarkdown(check.reason)} |`,
    ),
    '',
    '| image | digest |',
    '|---|---|',
    ...verdict.images.map((image) => `| ${escapeMarkdown(image.image)} | \`${shortDigest(image.digest)}\` |`),
    '',
  ].join('\n');
}

/** The verdict in one line, for an output variable. */
export function formatLine(verdict: GateVerdict): string {
  const counts = (['passed', 'failed', 'inconclusive'] as const)
    .map((outcome) => ({ outcome, count: number(verdict.checks, outcome) }))
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `${count} ${outcome}`);
  return `${verdict.verdict}: ${verdict.reason} (${counts.join(', ')})`;
}

function number(checks: readonly CheckResult[], verdict: Verdict): number {
  return checks.filter((check) => check.verdict === verdict).length;
}
