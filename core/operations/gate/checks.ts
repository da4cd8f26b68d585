import type { Schedule } from '../../model/check.ts';
import { invalid, Settings } from './settings.ts';
import type { CheckKind, Probe, Subject } from './kind.ts';

/** A check of the file, parsed. */
export interface PlannedCheck {
  readonly name: string;
  readonly kind: string;
  readonly required: boolean;
  readonly schedule: Schedule;
  readonly probe: Probe;
}

export interface GatePlan {
  readonly checks: readonly PlannedCheck[];
  /** Names of checks that the author lets pass when they are inconclusive. */
  readonly acceptInconclusive: readonly string[];
}

const usual: Schedule = {
  initialDelay: 0,
  interval: 10_000,
  count: 1,
  failureLimit: 0,
  errorLimit: 4,
  consecutiveSuccesses: 0,
  deadline: 600_000,
};

const day = 86_400_000;

/**
 * Reads the checks file.
 * @param document what its YAML says
 * @param name how messages call it, for example its path
 * @throws DeliveryError `ChecksInvalid`, naming the check, the field and the remedy
 */
export function parseChecks(
  document: unknown,
  name: string,
  kinds: readonly CheckKind[],
  subject: Subject,
): GatePlan {
  const file = Settings.of(document, name);
  file.integer('version', { min: 1, max: 1, otherwise: 1 });
  const acceptInconclusive = file.texts('acceptInconclusive');
  const sections = file.sections('checks');
  if (sections.length === 0) {
    throw invalid(
      `${name} has no checks`,
      'A gate that measures nothing never passes: list at least one check.',
    );
  }
  const checks = sections.map((section) => parseCheck(section, kinds, subject));
  file.close();

  for (const [index, check] of checks.entries()) {
    if (checks.findIndex((other) => other.name === check.name) !== index) {
      throw invalid(`${name} has two checks named "${check.name}"`, 'Give every check a name of its own.');
    }
  }
  const stranger = acceptInconclusive.find((accepted) => !checks.some((check) => check.name === accepted));
  if (stranger !== undefined) {
    throw invalid(
      `${name}.acceptInconclusive names "${stranger}", and no check has this name`,
      `The checks are ${checks.map((check) => check.name).join(', ')}.`,
    );
  }
  if (!checks.some((check) => check.required)) {
    throw invalid(
      `${name} has advisory checks only`,
      'A gate that requires nothing never passes: leave "required: false" off at least one check.',
    );
  }
  return { checks, acceptInconclusive };
}

function parseCheck(section: Settings, kinds: readonly CheckKind[], subject: Subject): PlannedCheck {
  const name = section.text('name', 'Give the check a name: the verdict, the Tests tab and the log use it.');
  const named = `${section.path} (${name})`;
  const wanted = section.text('kind', `Write one of ${kinds.map((kind) => kind.kind).join(', ')}.`);
  const kind = kinds.find((candidate) => candidate.kind === wanted);
  if (kind === undefined) {
    throw invalid(
      `${named} is of the kind "${wanted}", which there is not`,
      `The kinds are ${kinds.map((candidate) => candidate.kind).join(', ')}.`,
    );
  }
  const required = section.flag('required', true);
  const schedule = parseSchedule(section, { ...usual, ...kind.defaults });
  const probe = kind.parse(section, subject);
  return { name, kind: kind.kind, required, schedule, probe };
}

function parseSchedule(section: Settings, otherwise: Schedule): Schedule {
  const consecutiveSuccesses = section.integer('consecutiveSuccesses', {
    min: 0,
    max: 1_000,
    otherwise: otherwise.consecutiveSuccesses,
  });
  const schedule: Schedule = {
    initialDelay: section.duration('initialDelay', { max: day, otherwise: otherwise.initialDelay }),
    interval: section.duration('interval', { min: 100, max: day, otherwise: otherwise.interval }),
    count: section.integer('count', {
      min: 1,
      max: 10_000,
      otherwise: Math.max(otherwise.count, consecutiveSuccesses),
    }),
    failureLimit: section.integer('failureLimit', { min: 0, max: 10_000, otherwise: otherwise.failureLimit }),
    errorLimit: section.integer('errorLimit', { min: 0, max: 10_000, otherwise: otherwise.errorLimit }),
    consecutiveSuccesses,
    deadline: section.duration('deadline', { min: 1_000, max: 7 * day, otherwise: otherwise.deadline }),
  };
  if (schedule.consecutiveSuccesses > schedule.count) {
    throw invalid(
      `${section.at('consecutiveSuccesses')} is ${schedule.consecutiveSuccesses}, more than count, ${schedule.count}`,
      'Raise count: it is the number of measurements after which the check must have decided.',
    );
  }
  if (schedule.failureLimit >= schedule.count && schedule.consecutiveSuccesses === 0) {
    throw invalid(
      `${section.at('failureLimit')} is ${schedule.failureLimit}: with a count of ${schedule.count} it could never fail`,
      'Lower failureLimit below count, or ask for consecutiveSuccesses.',
    );
  }
  const least = schedule.initialDelay + (schedule.count - 1) * schedule.interval;
  if (least >= schedule.deadline && schedule.consecutiveSuccesses === 0) {
    throw invalid(
      `${section.at('deadline')} is ${schedule.deadline / 1_000}s, and ${schedule.count} measurements take at least ${least / 1_000}s`,
      'Raise the deadline, or lower count, interval or initialDelay.',
    );
  }
  return schedule;
}
