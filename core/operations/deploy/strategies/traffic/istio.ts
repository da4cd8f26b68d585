import { virtualService } from '../../../../model/strategy/route-weights.ts';
import type { DeploySurroundings } from '../../request.ts';
import type { TrafficProvider } from './provider.ts';
import { weightedRoutes } from './weighted-route.ts';

/** Istio VirtualServices, those of the AKS add-on among them. */
export function istioTraffic(surroundings: DeploySurroundings): TrafficProvider {
  return weightedRoutes(virtualService, surroundings);
}
