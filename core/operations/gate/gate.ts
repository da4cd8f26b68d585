import { assessCheck, type Ending, type Finding, type Measurement } from '../../model/check.ts';
import { formatDuration } from '../../model/duration.ts';
import { isDeliveryError, messageOf } from '../../model/errors.ts';
import { defined } from '../../model/json.ts';
import type { Log } from '../../model/ports.ts';
import type { CheckResult, GateVerdict, Run } from '../../model/release.ts';
import { seriesOf } from '../../model/measured.ts';
import { assessGate } from '../../model/verdict.ts';
import { Board } from './board.ts';
import type { GatePlan, PlannedCheck } from './checks.ts';
import { excerpt } from './excerpt.ts';
import type { Subject } from './kind.ts';
import { door, type Tools } from './tools.ts';

/** A check with more measurements than this is followed by its changes and the table. */
const mostLines = 20;

export interface GateRequest {
  readonly gate: string;
  readonly subject: Subject;
  readonly plan: GatePlan;
  readonly run?: Run;
}

export interface GateOutcome {
  readonly verdict: GateVerdict;
  /** Names of the required checks that kept the gate from passing. */
  readonly failedChecks: readonly string[];
}

/**
 * Judges the release's images: shows the plan, measures every check side by side under its own deadline, and decides.
 * Cancellation ends the measuring; what was measured until then is still judged.
 * @throws DeliveryError `ChecksInvalid` when a check needs what the task was not given: before anything is asked
 */
export async function judge(
  request: GateRequest,
  tools: Tools,
  log: Log,
  signal: AbortSignal,
): Promise<GateOutcome> {
  const { checks, acceptInconclusive } = request.plan;
  for (const check of checks)
    for (const need of check.probe.needs) door(tools, need, `check "${check.name}"`);

  log.phase('Plan');
  const { release, environment } = request.subject;
  log.line(`Gate ${request.gate} judges release ${release.name} in ${environment}`);
  for (const image of release.images) log.line(`  ${image.name} ${image.digest}`);
  for (const check of checks) log.line(describe(check));

  log.phase('Measure');
  const startedAt = new Date(tools.clock.now()).toISOString();
  const board = new Board(checks.map((check) => check.name));
  const decided = new AbortController();
  const shown = board.show(tools.clock, log, decided.signal);
  const results = await Promise.all(checks.map((check) => run(check, tools, log, board, signal))).finally(
    () => {
      decided.abort();
    },
  );
  await shown;
  const finishedAt = new Date(tools.clock.now()).toISOString();

  const decision = assessGate(results, acceptInconclusive);
  log.phase('Verdict');
  for (const line of table(results)) log.line(line);
  log.line(`Verdict: ${decision.verdict}: ${decision.reason}`);
  return {
    failedChecks: decision.failedChecks,
    verdict: defined({
      gate: request.gate,
      environment,
      verdict: decision.verdict,
      reason: decision.reason,
      images: release.images.map((image) => ({ image: image.name, digest: image.digest })),
      checks: results,
      startedAt,
      finishedAt,
      run: request.run,
    }),
  };
}

async function run(
  check: PlannedCheck,
  tools: Tools,
  log: Log,
  board: Board,
  cancelled: AbortSignal,
): Promise<CheckResult> {
  const { schedule } = check;
  const started = tools.clock.now();
  const deadline = started + schedule.deadline;
  const expired = new AbortController();
  const done = new AbortController();
  const timer = tools.clock.sleep(schedule.deadline, done.signal).then(
    () => {
      expired.abort(new Error('the deadline passed'));
    },
    () => undefined,
  );
  const signal = AbortSignal.any([cancelled, expired.signal]);
  const measurements: Measurement[] = [];
  let note: string | undefined;
  const look = {
    check: check.name,
    signal,
    deadline,
    note: (text: string) => {
      note = text;
      board.set(check.name, { text });
    },
    output: (line: string) => {
      log.line(`[${check.name}] ${line}`);
    },
  };

  const verdict = await (async () => {
    try {
      await tools.clock.sleep(schedule.initialDelay, signal);
      for (;;) {
        board.set(check.name, { state: 'measuring' });
        const measurement = await measure(check, tools, look, log);
        note = undefined;
        const before = measurements.at(-1);
        measurements.push(measurement);
        board.set(check.name, { place: placeOf(check, measurements), text: measurement.reason });
        if (isNews(check, before, measurement)) log.line(progress(check, measurements, measurement));
        const assessment = assessCheck(schedule, measurements);
        if (assessment.state === 'decided') return assessment;
        await tools.clock.sleep(schedule.interval, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      const ending: Ending = cancelled.aborted ? 'cancelled' : 'deadline';
      const assessment = assessCheck(schedule, measurements, ending);
      const reason = note === undefined ? assessment.reason : `${assessment.reason} (${note})`;
      const verdict = assessment.state === 'decided' ? assessment.verdict : 'inconclusive';
      return { verdict, reason };
    } finally {
      done.abort();
      await timer;
    }
  })();

  board.set(check.name, { state: verdict.verdict, text: verdict.reason });
  log.line(`${check.name}: ${verdict.verdict}: ${verdict.reason}`);
  return defined({
    name: check.name,
    kind: check.kind,
    verdict: verdict.verdict,
    required: check.required,
    reason: verdict.reason,
    measurements: measurements.length,
    series: seriesOf(measurements),
    startedAt: new Date(started).toISOString(),
    finishedAt: new Date(tools.clock.now()).toISOString(),
  });
}

/** One look; whatever keeps it from asking is an `error` finding, so that it never counts as an answer. */
async function measure(
  check: PlannedCheck,
  tools: Tools,
  look: Parameters<PlannedCheck['probe']['measure']>[1],
  log: Log,
): Promise<Measurement> {
  const startedAt = tools.clock.now();
  let finding: Finding;
  try {
    finding = await check.probe.measure(tools, look);
  } catch (error) {
    if (look.signal.aborted) throw error;
    if (!isDeliveryError(error))
      log.debug(error instanceof Error ? (error.stack ?? error.message) : String(error));
    finding = { outcome: 'error', reason: messageOf(error) };
  }
  // Reasons hold words of outside origin: one line each, and no longer than a person reads.
  return { ...finding, reason: excerpt(finding.reason, 400), startedAt, finishedAt: tools.clock.now() };
}

function describe(check: PlannedCheck): string {
  const { schedule, probe } = check;
  return [
    `  ${check.name} (${check.kind}${check.required ? '' : ', advisory'}): ${probe.title}`,
    ...(schedule.initialDelay > 0 ? [`after ${formatDuration(schedule.initialDelay)}`] : []),
    ...(schedule.count > 1 ? [`${schedule.count} times, ${formatDuration(schedule.interval)} apart`] : []),
    ...(schedule.consecutiveSuccesses > 0 ? [`${schedule.consecutiveSuccesses} passes in a row`] : []),
    ...(schedule.failureLimit > 0 ? [`tolerates ${schedule.failureLimit} failures`] : []),
    `within ${formatDuration(schedule.deadline)}`,
  ].join(', ');
}

/** Of many measurements only those are worth a line that say something else than the one before. */
function isNews(check: PlannedCheck, before: Measurement | undefined, latest: Measurement): boolean {
  return check.schedule.count <= mostLines || before?.outcome !== latest.outcome;
}

function progress(check: PlannedCheck, measurements: readonly Measurement[], latest: Measurement): string {
  return [check.name, placeOf(check, measurements), `${latest.outcome}: ${latest.reason}`]
    .filter((part) => part !== '')
    .join(' ');
}

function placeOf(check: PlannedCheck, measurements: readonly Measurement[]): string {
  const { count } = check.schedule;
  return count > 1 || measurements.length > 1 ? `${measurements.length}/${count}` : '';
}

function table(results: readonly CheckResult[]): readonly string[] {
  const width = Math.max(...results.map((result) => result.name.length));
  return results.map(
    (result) =>
      `  ${result.verdict.padEnd(12)} ${result.required ? 'required' : 'advisory'} ${result.name.padEnd(width)} ${result.reason}`,
  );
}
