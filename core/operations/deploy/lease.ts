import { ApiError } from '../../model/api-error.ts';
import { DeliveryError, isDeliveryError } from '../../model/errors.ts';
import { defined } from '../../model/json.ts';
import { numberAt, referenceTo, textAt, type KubernetesObject } from '../../model/kubernetes-object.ts';
import { fieldManager, type DeploySurroundings } from './request.ts';

/** Which deployments exclude each other, and who this one is. */
export interface LeaseRequest {
  readonly namespace: string;
  readonly name: string;
  /** Unlike any other run's; people read it to find who is at work. */
  readonly holder: string;
}

/** The right to change things, held until it is released or lost. */
export interface HeldLease {
  /** Whether somebody else was at work before: what was planned may be out of date. */
  readonly hasWaited: boolean;
  /** Aborted when somebody else has taken the lease over: this run must stop. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

const duration = 60_000;
const renewal = 15_000;
const interval = 2_000;

/**
 * Waits for its turn (coordination.k8s.io/v1 Lease). A holder that has stopped renewing is taken over after a minute, counted
 * by our own clock from when we last saw it change, as client-go's leader election does: clocks of machines differ.
 * @throws DeliveryError `DeadlineExceeded` naming the holder
 */
export async function acquireLease(
  request: LeaseRequest,
  surroundings: DeploySurroundings,
): Promise<HeldLease | undefined> {
  const { client, clock, log, deadline } = surroundings;
  const reference = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: request.namespace,
    name: request.name,
  };
  let seen: { readonly version: string | undefined; readonly at: number } | undefined;
  let told: string | undefined;
  try {
    // Nobody else is at work as a rule, and then there is no lease: one request makes it.
    const first = await take(request, undefined, surroundings);
    if (first !== undefined) return hold(first, request, surroundings, false);
    for (;;) {
      const current = await client.get(reference, deadline.signal);
      const holder = current === undefined ? '' : (textAt(current, 'spec', 'holderIdentity') ?? '');
      const version = current?.metadata.resourceVersion;
      if (seen === undefined || seen.version !== version) seen = { version, at: clock.now() };
      const isFree = holder === '' || holder === request.holder || clock.now() - seen.at > duration;
      if (isFree) {
        const taken = await take(request, current, surroundings);
        if (taken !== undefined) return hold(taken, request, surroundings, told !== undefined);
      } else if (told !== holder) {
        log.line(`Waiting for ${holder} to finish its deployment to ${request.namespace}.`);
        told = holder;
      }
      await clock.sleep(interval, deadline.signal);
    }
  } catch (error) {
    if (isDeliveryError(error) && error.code === 'Forbidden') {
      log.warning(`Deployments at the same time are not kept apart: ${error.message}`);
      return undefined;
    }
    if (isDeliveryError(error) && error.code === 'DeadlineExceeded' && told !== undefined) {
      throw new DeliveryError(
        'DeadlineExceeded',
        `${told} was still deploying to ${request.namespace} when the deadline passed`,
        {
          hint: 'Let the other run finish, or give this one a longer timeout.',
          cause: error,
        },
      );
    }
    throw error;
  }
}

/** Undefined when somebody was faster. */
async function take(
  request: LeaseRequest,
  current: KubernetesObject | undefined,
  { client, clock, deadline }: DeploySurroundings,
): Promise<KubernetesObject | undefined> {
  const now = microTime(clock.now());
  const transitions = numberAt(current, 'spec', 'leaseTransitions') ?? 0;
  const lease: KubernetesObject = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: current?.metadata ?? { name: request.name, namespace: request.namespace },
    spec: {
      holderIdentity: request.holder,
      leaseDurationSeconds: duration / 1000,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: current === undefined ? 0 : transitions + 1,
    },
  };
  try {
    const options = { fieldManager };
    const { object } =
      current === undefined
        ? await client.create(lease, options, deadline.signal)
        : await client.replace(lease, options, deadline.signal);
    return object;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return undefined;
    throw error;
  }
}

function hold(
  taken: KubernetesObject,
  request: LeaseRequest,
  { client, clock, log }: DeploySurroundings,
  hasWaited: boolean,
): HeldLease {
  let lease = taken;
  const lost = new AbortController();
  const stop = new AbortController();
  const write = async (change: Readonly<Record<string, unknown>>): Promise<void> => {
    const next = { ...lease, spec: { ...(lease['spec'] as Readonly<Record<string, unknown>>), ...change } };
    lease = (await client.replace(next, { fieldManager })).object;
  };
  const renew = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(renewal, stop.signal);
      try {
        await write({ renewTime: microTime(clock.now()) });
      } catch (error) {
        if (error instanceof ApiError && (error.status === 409 || error.status === 404)) {
          const message = `another run took over the deployment to ${request.namespace}`;
          lost.abort(
            new DeliveryError('ApplyConflict', message, { hint: 'Run one deployment after the other.' }),
          );
          return;
        }
        // The API server is away for a moment: the lease lives on for a while, and the next round tries again.
        log.debug(
          `The lease could not be renewed: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  };
  const renewing = renew().catch(() => undefined);
  return {
    hasWaited,
    lost: lost.signal,
    async release() {
      stop.abort(new Error('released'));
      await renewing;
      if (lost.signal.aborted) return;
      try {
        const { uid, resourceVersion } = lease.metadata;
        // Only the lease as we wrote it last: one that somebody took over is theirs.
        await client.delete(referenceTo(lease), defined({ uid, resourceVersion }));
      } catch (error) {
        log.debug(
          `The lease could not be given back: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    },
  };
}

/** Leases want microseconds (`MicroTime`). */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
