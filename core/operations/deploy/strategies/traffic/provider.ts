import type { CanaryBackends } from '../../../../model/strategy/route-weights.ts';

/** What a provider splits the traffic of: Services of one namespace and the canary Services beside them. */
export interface SplitTraffic {
  readonly namespace: string;
  readonly backends: CanaryBackends;
}

/** One way to give part of the traffic to canary pods. */
export interface TrafficProvider {
  /** Whether something in front of the Services splits, so that stable Services must not select canary pods. */
  readonly splitsOutside: boolean;
  /** Fails when there is nothing that it could split. Changes nothing. */
  check(traffic: SplitTraffic, signal: AbortSignal): Promise<void>;
  /** @returns percent that the canaries get now, read back from the cluster; undefined where the pods themselves decide */
  shift(traffic: SplitTraffic, weight: number, signal: AbortSignal): Promise<number | undefined>;
  /** All traffic to stable, and nothing of the provider left. Does no harm when there is nothing. */
  clear(traffic: SplitTraffic, signal: AbortSignal): Promise<void>;
}
