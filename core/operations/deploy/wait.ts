import type { ListQuery } from '../../clients/kubernetes/client.ts';
import { DeliveryError, messageOf } from '../../model/errors.ts';
import { formatObject, type KubernetesObject } from '../../model/kubernetes-object.ts';
import { assessRollout, hasPods } from '../../model/rollout/assess.ts';
import { isFinal, type RolloutState } from '../../model/rollout/state.ts';
import { joinSignals } from './joined-signal.ts';
import type { DeploySurroundings } from './request.ts';
import { RolloutBoard } from './rollout-board.ts';
import { RolloutFailure } from './rollout-failure.ts';

/**
 * Follows the objects until each has come to its end: one watch per kind and namespace, never polling. One line per change
 * of state.
 * @throws RolloutFailure when one has failed or the deadline has passed
 */
export async function waitForRollouts(
  objects: readonly KubernetesObject[],
  { client, log, deadline }: DeploySurroundings,
): Promise<void> {
  // What is at its end already, as the answer to the apply or the plan showed it, needs no watch.
  const open = objects.filter((object) => !isFinal(assessRollout({ object })) || isSuspect(object));
  if (open.length === 0) return;
  const board = new RolloutBoard(open);
  const stop = new AbortController();
  const signal = joinSignals(deadline.signal, stop.signal);
  let failure: unknown;

  const settle = (): void => {
    for (const { object, state } of board.takeChanges()) log.line(formatProgress(object, state));
    if (board.isDone() || board.hasFailed()) stop.abort(new Error('the wait is over'));
  };
  const follow = async (query: ListQuery, role: 'objects' | 'pods' | 'replicaSets'): Promise<void> => {
    try {
      for await (const event of client.watch(query, signal)) {
        if (event.type === 'listed') board.list(role, query, event.items);
        else board.update(role, event.type, event.object);
        settle();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (role !== 'objects' && error instanceof DeliveryError && error.code === 'Forbidden') {
        log.warning(
          `The pods of ${query.namespace ?? 'the cluster'} may not be watched: failures show only at the deadline. ${error.message}`,
        );
        return;
      }
      failure ??= error;
      stop.abort(error);
    }
  };

  const queries = queriesFor(open);
  await Promise.all([
    ...queries.objects.map((query) => follow(query, 'objects')),
    ...queries.podNamespaces.flatMap((namespace) => [
      follow({ apiVersion: 'v1', kind: 'Pod', namespace }, 'pods'),
      follow({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace }, 'replicaSets'),
    ]),
  ]);
  if (failure !== undefined) throw failure instanceof Error ? failure : new Error(messageOf(failure));
  if (board.isDone()) return;
  if (!board.hasFailed() && deadline.signal.aborted && !isDeadline(deadline.signal.reason))
    deadline.signal.throwIfAborted();
  throw new RolloutFailure(board.unfinished(), board.hasFailed() ? 'failed' : 'deadline');
}

/** Done by its own word, while the word may be an old one: an apply answers before any controller has looked. */
function isSuspect(object: KubernetesObject): boolean {
  return assessRollout({ object }).state === 'failed';
}

function isDeadline(reason: unknown): boolean {
  return reason instanceof DeliveryError && reason.code === 'DeadlineExceeded';
}

function queriesFor(objects: readonly KubernetesObject[]): {
  readonly objects: readonly ListQuery[];
  readonly podNamespaces: readonly string[];
} {
  const queries = new Map<string, ListQuery>();
  const counts = new Map<string, number>();
  const podNamespaces = new Set<string>();
  for (const { apiVersion, kind, metadata } of objects) {
    const { namespace } = metadata;
    const key = [apiVersion, kind, namespace ?? ''].join(' ');
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const base = { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }) };
    // One object of a kind is watched by its name: the server then sends nothing about its neighbours.
    queries.set(
      key,
      counts.get(key) === 1 ? { ...base, fieldSelector: `metadata.name=${metadata.name ?? ''}` } : base,
    );
    if (namespace !== undefined && hasPods({ apiVersion, kind })) podNamespaces.add(namespace);
  }
  return { objects: [...queries.values()], podNamespaces: [...podNamespaces] };
}

function formatProgress(object: KubernetesObject, state: RolloutState): string {
  switch (state.state) {
    case 'progressing':
      return `... ${formatObject(object)}: ${state.message}`;
    case 'succeeded':
      return `ok  ${formatObject(object)}: ${state.message}`;
    case 'failed':
      return `!!  ${formatObject(object)}: ${state.reason}: ${state.message}`;
  }
}
