import { DeliveryError } from '../../../model/errors.ts';

/** What is to be judged before more is entrusted to it. */
export interface StepSubject {
  /** `canary at 25%`, `green before the switch`: for the log and for evidence. */
  readonly title: string;
  /** Percent of the traffic that the new version gets; 0 for a preview. */
  readonly weight: number;
  /** For each Service, by `namespace/name`, the one that reaches the new version alone. */
  readonly candidate: ReadonlyMap<string, string>;
  /** The same for the version that serves now, where there is one to compare with. */
  readonly baseline: ReadonlyMap<string, string>;
}

export interface StepVerdict {
  readonly verdict: 'passed' | 'failed' | 'inconclusive';
  readonly reason: string;
}

/** Looks at a step and says what it found. Only `passed` lets the delivery go on. */
export type StepJudge = (subject: StepSubject, signal: AbortSignal) => Promise<StepVerdict>;

/** @throws DeliveryError `GateFailed` or `GateInconclusive` */
export function requirePassed(subject: StepSubject, { verdict, reason }: StepVerdict): void {
  if (verdict === 'passed') return;
  throw new DeliveryError(
    verdict === 'failed' ? 'GateFailed' : 'GateInconclusive',
    `the checks of ${subject.title} ${verdict === 'failed' ? 'failed' : 'came to no conclusion'}: ${reason}`,
    { hint: 'The log has every check; nothing more was given to the new version.' },
  );
}
