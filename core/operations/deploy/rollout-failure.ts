import { DeliveryError } from '../../model/errors.ts';
import { formatObject, type KubernetesObject } from '../../model/kubernetes-object.ts';
import type { RolloutState } from '../../model/rollout/state.ts';

/** An object that has not come to a good end, and what was known of it and its pods at that moment. */
export interface UnfinishedRollout {
  readonly object: KubernetesObject;
  readonly state: RolloutState;
  readonly pods: readonly KubernetesObject[];
}

/** The wait ended badly; a diagnosis is made of it before anybody reads it. */
export class RolloutFailure extends DeliveryError {
  readonly unfinished: readonly UnfinishedRollout[];
  readonly why: 'failed' | 'deadline';

  constructor(unfinished: readonly UnfinishedRollout[], why: 'failed' | 'deadline') {
    const first = unfinished.find(({ state }) => state.state === 'failed') ?? unfinished[0];
    const what = first === undefined ? 'the rollout' : formatObject(first.object);
    const said =
      first === undefined
        ? ''
        : `: ${first.state.state === 'failed' ? `${first.state.reason}: ` : ''}${first.state.message}`;
    const others = unfinished.length > 1 ? ` (and ${unfinished.length - 1} more)` : '';
    super(
      why === 'deadline' ? 'DeadlineExceeded' : 'RolloutFailed',
      why === 'deadline'
        ? `${what} was not ready when the deadline passed${said}${others}`
        : `${what} failed${said}${others}`,
    );
    this.unfinished = unfinished;
    this.why = why;
  }
}
