import type { TrafficProviderName } from '../../../../model/strategy/progress.ts';
import type { DeploySurroundings } from '../../request.ts';
import { gatewayApiTraffic } from './gateway-api.ts';
import { ingressNginxTraffic } from './ingress-nginx.ts';
import { istioTraffic } from './istio.ts';
import { podTraffic } from './pods.ts';
import type { TrafficProvider } from './provider.ts';

export function trafficProvider(
  name: TrafficProviderName,
  owner: string,
  surroundings: DeploySurroundings,
): TrafficProvider {
  switch (name) {
    case 'pods':
      return podTraffic;
    case 'gatewayApi':
      return gatewayApiTraffic(surroundings);
    case 'ingressNginx':
      return ingressNginxTraffic(owner, surroundings);
    case 'istio':
      return istioTraffic(surroundings);
  }
}
