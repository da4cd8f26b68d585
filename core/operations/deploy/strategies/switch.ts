import { DeliveryError } from '../../../model/errors.ts';
import {
  formatObject,
  numberAt,
  referenceTo,
  textAt,
  type KubernetesObject,
} from '../../../model/kubernetes-object.ts';
import { assessRollout } from '../../../model/rollout/assess.ts';
import { newestReplicaSet } from '../../../model/rollout/workloads.ts';
import { assessEndpoints } from '../../../model/strategy/endpoints.ts';
import { podHashLabel } from '../../../model/strategy/labels.ts';
import { ownerOf } from '../../../model/strategy/ownership.ts';
import { formatSelector, labelsAt, serves, type Labels } from '../../../model/strategy/selection.ts';
import type { DeploySurroundings } from '../request.ts';
import { interimManager, releaseInterim } from './interim.ts';

/** How long the endpoints of a Service may take to follow its selector: controllers need well below a second. */
const patience = 30_000;
const interval = 250;

/**
 * The pod-template-hash that each adopted Service is to be held to: then it goes on sending to exactly the pods that it
 * sends to now, whatever other pods come to carry its labels.
 * @throws DeliveryError `ApplyConflict` when the pods behind a Service are not those of one version
 */
export async function findPins(
  services: readonly KubernetesObject[],
  deployments: readonly KubernetesObject[],
  { client, deadline }: DeploySurroundings,
): Promise<Readonly<Record<string, string>>> {
  const pins: Record<string, string> = {};
  for (const service of services) {
    const { name = '', namespace = '' } = service.metadata;
    const behind = deployments.filter((deployment) => serves(service, deployment));
    const hashes = new Set<string>();
    for (const deployment of behind) {
      if (numberAt(deployment, 'spec', 'replicas') === 0) continue;
      const state = assessRollout({ object: deployment });
      if (state.state !== 'succeeded') {
        throw new DeliveryError(
          'ApplyConflict',
          `${formatObject(deployment)} is not at rest: ${state.message}`,
          {
            hint: 'Let its rolling update end, or roll it back; then its Service can be switched.',
          },
        );
      }
      const sets = await client.list(
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace },
        deadline.signal,
      );
      const hash = newestReplicaSet(deployment, sets.items)?.metadata.labels?.[podHashLabel];
      if (hash !== undefined) hashes.add(hash);
    }
    const [hash] = hashes;
    if (hashes.size > 1) {
      throw new DeliveryError(
        'ApplyConflict',
        `${formatObject(service)} sends to ${behind.map(formatObject).join(' and ')}`,
        {
          hint: 'Give each Deployment a Service of its own before the first blue-green deployment.',
        },
      );
    }
    if (hash !== undefined) pins[`${namespace}/${name}`] = hash;
  }
  return pins;
}

/** Holds adopted Services to the pods that they send to now. Their endpoints stay as they are. */
export async function pinServices(
  pins: Readonly<Record<string, string>>,
  { client, deadline, log }: DeploySurroundings,
): Promise<void> {
  for (const [key, hash] of Object.entries(pins)) {
    const [namespace = '', name = ''] = key.split('/');
    const reference = { apiVersion: 'v1', kind: 'Service', namespace, name };
    const live = await client.get(reference, deadline.signal);
    if (live === undefined) continue;
    const owner = ownerOf(live, 'selector');
    const owners = owner === undefined || owner.manager === interimManager ? {} : { selector: owner };
    let pinned = live;
    if (textAt(live, 'spec', 'selector', podHashLabel) !== hash) {
      const patch = { spec: { selector: { [podHashLabel]: hash } } };
      const options = { type: 'merge' as const, fieldManager: interimManager };
      pinned = (await client.patch(reference, patch, options, deadline.signal)).object;
      log.line(`held ${formatObject(live)} to its pods (${podHashLabel}=${hash})`);
    }
    const released = releaseInterim(pinned, owners);
    if (released !== pinned) {
      await client.replace(released, { fieldManager: interimManager, strict: false }, deadline.signal);
    }
  }
}

/**
 * Reads the Services' EndpointSlices until each sends to its pods of the wanted labels and to nothing else.
 * @throws DeliveryError `RolloutFailed` when they do not come to that
 */
export async function readBack(
  services: readonly KubernetesObject[],
  wanted: Labels,
  surroundings: DeploySurroundings,
): Promise<void> {
  const { client, clock, deadline, log } = surroundings;
  const until = clock.now() + patience;
  for (const service of services) {
    const { name, namespace = '' } = referenceTo(service);
    const selector = { ...labelsAt(service, 'spec', 'selector'), ...wanted };
    for (;;) {
      const [slices, pods] = await Promise.all([
        client.list(
          {
            apiVersion: 'discovery.k8s.io/v1',
            kind: 'EndpointSlice',
            namespace,
            labelSelector: `kubernetes.io/service-name=${name}`,
          },
          deadline.signal,
        ),
        client.list(
          { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: formatSelector(selector) },
          deadline.signal,
        ),
      ]);
      const state = assessEndpoints(slices.items, pods.items);
      if (state.state === 'switched') {
        log.line(`${formatObject(service)} sends to ${state.ready} pods, all of them new`);
        break;
      }
      if (clock.now() >= until) {
        throw new DeliveryError(
          'RolloutFailed',
          `${formatObject(service)} does not send to the wanted pods: ${state.why}`,
          {
            hint: 'Its EndpointSlices were read for half a minute: see whether the endpoint controller runs and what else writes the Service.',
          },
        );
      }
      await clock.sleep(interval, deadline.signal);
    }
  }
}
