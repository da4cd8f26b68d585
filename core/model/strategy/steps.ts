import { parseDuration } from '../duration.ts';
import { DeliveryError } from '../errors.ts';

/** One step of a canary: how much it gets, and for how long at least it is watched. */
export interface CanaryStep {
  /** Percent, above 0 and below 100, with at most two decimals. */
  readonly weight: number;
  /** In milliseconds. */
  readonly bake: number;
}

const form = /^(\d+(?:\.\d{1,2})?)%?(?:\s*[:=]\s*(\S+))?$/;

/**
 * `10, 25, 50` or `10: 5m, 25: 10m, 50`: weights that grow, each with a bake time of its own or the common one.
 * @throws DeliveryError `InputInvalid`
 */
export function parseSteps(text: string, bake: number): readonly CanaryStep[] {
  const parts = text
    .split(/[,;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const steps = parts.map((part): CanaryStep => {
    const [, weightText, bakeText] = form.exec(part) ?? [];
    const weight = Number(weightText);
    const own = bakeText === undefined ? bake : parseDuration(bakeText);
    if (weightText === undefined || own === undefined) {
      throw refused(
        `"${part}" is not a step`,
        'Write a percentage, or one with its bake time: "25" or "25: 10m".',
      );
    }
    if (weight <= 0 || weight >= 100) {
      throw refused(
        `a step of ${weightText}% is none`,
        'Steps lie between 0 and 100; all traffic is what promotion gives.',
      );
    }
    return { weight, bake: own };
  });
  if (steps.length === 0) throw refused('there are no steps', 'Write for example "10, 25, 50".');
  for (const [index, step] of steps.entries()) {
    const before = steps[index - 1];
    if (before !== undefined && before.weight >= step.weight) {
      throw refused(
        `step ${step.weight}% does not come after ${before.weight}%`,
        'Steps grow: a canary never gets less than before.',
      );
    }
  }
  return steps;
}

/** The first step that gives more than the canary has already. */
export function nextStep(steps: readonly CanaryStep[], weight: number): CanaryStep | undefined {
  return steps.find((step) => step.weight > weight);
}

function refused(message: string, hint: string): DeliveryError {
  return new DeliveryError('InputInvalid', `"steps": ${message}`, { hint });
}
