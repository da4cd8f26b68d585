import { randomUUID } from 'node:crypto';
import { hosts, location } from '../names.ts';
import { ImportError } from './acr-import.ts';
import type { Exchange, OperationFault } from './exchange.ts';
import type { Settings } from './settings.ts';

interface Operation {
  readonly fault: OperationFault | undefined;
  readonly apiVersion: string;
  outcome: 'running' | 'succeeded' | ImportError;
  /** Polls that were still told "running" by plan. */
  polls: number;
}

/** Long-running operations: 202 with a Location to poll, as Resource Manager does it (RPC async-api-reference). */
export class Operations {
  readonly #operations = new Map<string, Operation>();
  readonly #work = new Set<Promise<void>>();
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Begins the work and answers 202. */
  async start(exchange: Exchange, subscriptionId: string, work: () => Promise<void>): Promise<void> {
    const id = `registries-${randomUUID()}`;
    const apiVersion = exchange.query.get('api-version') ?? '';
    const operation: Operation = { fault: exchange.operation, apiVersion, outcome: 'running', polls: 0 };
    this.#operations.set(id, operation);
    const done = this.#run(operation, work).finally(() => this.#work.delete(done));
    this.#work.add(done);
    await this.#running(exchange, subscriptionId, id, operation);
  }

  async poll(exchange: Exchange, subscriptionId: string, id: string): Promise<void> {
    const operation = this.#operations.get(id);
    if (operation === undefined) {
      await exchange.json(404, {
        error: { code: 'NotFound', message: `The operation '${id}' was not found.` },
      });
      return;
    }
    const polls = operation.fault?.polls ?? this.#settings.operationPolls;
    if (operation.outcome === 'running' || operation.polls < polls) {
      operation.polls += 1;
      await this.#running(exchange, subscriptionId, id, operation);
    } else if (operation.outcome === 'succeeded') {
      await exchange.json(200, { status: 'Succeeded' });
    } else {
      const { status, code, message } = operation.outcome;
      await exchange.json(status, { error: { code, message } });
    }
  }

  /** Resolves when no work is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#work);
  }

  async #run(operation: Operation, work: () => Promise<void>): Promise<void> {
    if (operation.fault?.stuck === true) return;
    const planned = operation.fault?.failure;
    try {
      if (planned !== undefined) throw new ImportError(400, planned.code, planned.message);
      await work();
      operation.outcome = 'succeeded';
    } catch (error) {
      operation.outcome =
        error instanceof ImportError ? error : new ImportError(500, 'InternalServerError', String(error));
    }
  }

  async #running(
    exchange: Exchange,
    subscriptionId: string,
    id: string,
    operation: Operation,
  ): Promise<void> {
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerRegistry/locations/${location.toUpperCase()}/operationResults/${id}`;
    await exchange.json(
      202,
      { status: 'Running' },
      {
        location: `https://${hosts.management}${path}?api-version=${operation.apiVersion}`,
        'retry-after': String(this.#settings.operationRetryAfterSeconds),
      },
    );
  }
}
