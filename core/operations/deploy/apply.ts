import type { Change } from '../../model/change-set.ts';
import { mapConcurrently } from '../../model/concurrency.ts';
import { DeliveryError } from '../../model/errors.ts';
import { formatObject, type KubernetesObject } from '../../model/kubernetes-object.ts';
import { stepsOf } from '../../model/waves.ts';
import { refusedTogether, type Refusal } from './refusals.ts';
import { removeAndWait } from './remove.ts';
import { concurrency, fieldManager, type DeployRequest, type DeploySurroundings } from './request.ts';
import { untilServed } from './served.ts';
import { waitForRollouts } from './wait.ts';

/** One object as this run left it, and as it was before: what a rollback needs. */
export interface AppliedObject {
  readonly change: Change;
  readonly before: KubernetesObject | undefined;
  readonly after: KubernetesObject;
}

/** What has been done so far; kept up to date while the work goes on, so that it is right even after a failure. */
export interface Progress {
  readonly applied: AppliedObject[];
}

/**
 * Applies the changes step by step: side by side within a step, each step after the one before. Definitions are waited
 * for until they are established; a step of a later wave begins when the workloads of the earlier one are ready.
 * @throws DeliveryError the first step's refusals; `progress` says what was done until then
 */
export async function applyChanges(
  changes: readonly Change[],
  request: DeployRequest,
  surroundings: DeploySurroundings,
  progress: Progress,
): Promise<void> {
  const { log, deadline } = surroundings;
  const steps = stepsOf(changes, (change) => change.manifest);
  let wave = steps[0]?.wave ?? 0;
  let waited = 0;
  for (const step of steps) {
    if (step.wave !== wave) {
      await waitForRollouts(
        progress.applied.slice(waited).map(({ after }) => after),
        surroundings,
      );
      waited = progress.applied.length;
      wave = step.wave;
    }
    const refusals: Refusal[] = [];
    const definitions: KubernetesObject[] = [];
    await mapConcurrently(step.items, concurrency, async (change) => {
      deadline.signal.throwIfAborted();
      if (change.action === 'unchanged' && change.live !== undefined) {
        progress.applied.push({ change, before: change.live, after: change.live });
        return;
      }
      try {
        const after = await write(change, request, surroundings);
        progress.applied.push({ change, before: change.live, after });
        log.line(`${change.action} ${formatObject(after)}`);
        if (after.kind === 'CustomResourceDefinition') definitions.push(after);
      } catch (error) {
        if (!(error instanceof DeliveryError)) throw error;
        refusals.push({ manifest: change.manifest, error });
      }
    });
    if (refusals.length > 0) throw refusedTogether(refusals);
    if (definitions.length > 0) {
      await waitForRollouts(definitions, surroundings);
      for (const definition of definitions) await untilServed(definition, surroundings);
    }
  }
  await waitForRollouts(
    progress.applied.slice(waited).map(({ after }) => after),
    surroundings,
  );
}

async function write(
  change: Change,
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<KubernetesObject> {
  const { client, deadline } = surroundings;
  const { object } = change.manifest;
  if (object.metadata.name === undefined) {
    return (await client.create(object, { fieldManager }, deadline.signal)).object;
  }
  if (change.replaces === true && change.live !== undefined) {
    await removeAndWait([change.live], surroundings);
  }
  const force = request.force || change.takesOverFrom !== undefined;
  const { object: after } = await client.apply(object, { fieldManager, force }, deadline.signal);
  return after;
}
