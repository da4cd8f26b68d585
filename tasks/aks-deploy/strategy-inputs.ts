import type { Agent } from '../../core/host/agent.ts';
import type { Deployment } from '../../core/model/release.ts';
import type { TrafficProviderName } from '../../core/model/strategy/progress.ts';
import { parseSteps, type CanaryStep } from '../../core/model/strategy/steps.ts';

/** How a new version takes over. */
export interface StrategyInputs {
  readonly name: Deployment['strategy'];
  readonly steps: readonly CanaryStep[];
  readonly traffic: TrafficProviderName;
  readonly constantTotal: boolean;
  /** Each run makes one step; the pipeline decides what follows. */
  readonly manual: boolean;
  /** In milliseconds. */
  readonly scaleDownDelay: number;
}

const hour = 3_600_000;

export function readStrategy(agent: Agent): StrategyInputs {
  const { inputs } = agent;
  const bake = inputs.duration('bakeTime', { min: 0, max: 24 * hour, otherwise: 60_000 });
  return {
    name: inputs.oneOf('strategy', ['rolling', 'canary', 'blueGreen'], 'rolling'),
    steps: parseSteps(inputs.text('steps') ?? '10, 25, 50', bake),
    traffic: inputs.oneOf('traffic', ['pods', 'gatewayApi', 'ingressNginx', 'istio'], 'pods'),
    constantTotal: inputs.flag('constantTotal'),
    manual: inputs.flag('manualPromotion'),
    scaleDownDelay: inputs.duration('scaleDownDelay', { min: 0, max: 24 * hour, otherwise: 30_000 }),
  };
}

/** Time that a strategy waits on purpose: it does not count against the deadline. */
export function waitingTime({ name, steps, manual, scaleDownDelay }: StrategyInputs): number {
  if (name === 'blueGreen') return scaleDownDelay;
  if (name !== 'canary') return 0;
  const bakes = steps.map(({ bake }) => bake);
  return manual ? Math.max(...bakes) : bakes.reduce((sum, bake) => sum + bake, 0);
}
