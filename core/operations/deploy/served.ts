import { DeliveryError } from '../../model/errors.ts';
import { formatObject, objectsAt, textAt, type KubernetesObject } from '../../model/kubernetes-object.ts';
import type { DeploySurroundings } from './request.ts';

/** How long discovery may trail behind `Established`; in practice it is well under a second. */
const patience = 30_000;
const interval = 100;

/**
 * Resolves when the API server lists the kinds that a definition brings. `Established` is said by the definition's own
 * controller; discovery is published by another, a moment later, and until then an object of the kind cannot be sent.
 * @throws DeliveryError `DeadlineExceeded`
 */
export async function untilServed(
  definition: KubernetesObject,
  { client, clock, deadline }: DeploySurroundings,
): Promise<void> {
  const group = textAt(definition, 'spec', 'group') ?? '';
  const kind = textAt(definition, 'spec', 'names', 'kind') ?? '';
  const until = Math.min(deadline.at, clock.now() + patience);
  const served = objectsAt(definition, 'spec', 'versions').filter((version) => version['served'] === true);
  for (const version of served) {
    const apiVersion = `${group}/${textAt(version, 'name') ?? ''}`;
    for (;;) {
      client.discovery.forget(apiVersion);
      if ((await client.discovery.find(apiVersion, kind, deadline.signal)) !== undefined) break;
      if (clock.now() >= until) {
        throw new DeliveryError(
          'DeadlineExceeded',
          `${formatObject(definition)} is established, and ${client.name} still does not list ${kind} (${apiVersion})`,
          { hint: 'Run the deployment again: what is there already is left as it is.' },
        );
      }
      await clock.sleep(interval, deadline.signal);
    }
  }
}
