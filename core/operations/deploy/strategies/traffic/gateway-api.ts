import { httpRoute } from '../../../../model/strategy/route-weights.ts';
import type { DeploySurroundings } from '../../request.ts';
import type { TrafficProvider } from './provider.ts';
import { weightedRoutes } from './weighted-route.ts';

/** Gateway API HTTPRoutes, whoever implements them; Application Gateway for Containers among others. */
export function gatewayApiTraffic(surroundings: DeploySurroundings): TrafficProvider {
  return weightedRoutes(httpRoute, surroundings);
}
