import { randomUUID } from 'node:crypto';
import type { Run } from './devops-run.ts';

export type Decision = 'approved' | 'rejected';

export interface ApprovalRequest {
  readonly run: Run;
  readonly environment: string;
  readonly instructions?: string;
  readonly approvers?: readonly string[];
}

/** A check of an environment that waits for a person. */
export class Approval {
  readonly id = randomUUID();
  readonly request: ApprovalRequest;
  readonly created = new Date();
  /** Resolves with the answer. */
  readonly decided: Promise<Decision>;
  #decision: Decision | undefined;
  #by: string | undefined;
  #comment = '';
  #changed = this.created;
  #resolve: (decision: Decision) => void = () => undefined;

  constructor(request: ApprovalRequest) {
    this.request = request;
    this.decided = new Promise((resolve) => (this.#resolve = resolve));
  }

  get status(): 'pending' | Decision {
    return this.#decision ?? 'pending';
  }

  get by(): string | undefined {
    return this.#by;
  }

  get comment(): string {
    return this.#comment;
  }

  get changed(): Date {
    return this.#changed;
  }

  /** The first answer counts. False when there already was one. */
  answer(decision: Decision, { by, comment = '' }: { by: string; comment?: string }): boolean {
    if (this.#decision !== undefined) return false;
    this.#decision = decision;
    this.#by = by;
    this.#comment = comment;
    this.#changed = new Date();
    this.#resolve(decision);
    return true;
  }
}

/** As `_apis/pipelines/approvals` shows it (api-version 7.1). */
export function approvalResource(approval: Approval): unknown {
  const { run, approvers = ['[shop]\\Release Managers'], instructions = '' } = approval.request;
  const { status } = approval;
  return {
    id: approval.id,
    status,
    createdOn: approval.created.toISOString(),
    lastModifiedOn: approval.changed.toISOString(),
    executionOrder: 'anyOrder',
    minRequiredApprovers: 1,
    blockedApprovers: [],
    instructions,
    steps: approvers.map((displayName, index) => ({
      assignedApprover: { displayName, id: `a9907e50-0000-4000-8000-00000000000${index}` },
      ...(approval.by === undefined
        ? {}
        : { actualApprover: { displayName: approval.by }, comment: approval.comment }),
      status,
      order: 1,
      lastModifiedOn: approval.changed.toISOString(),
    })),
    pipeline: {
      id: String(run.pipeline.id),
      name: run.pipeline.name,
      owner: { id: run.id, name: run.number, _links: { web: { href: run.url } } },
    },
    resource: { type: 'environment', name: approval.request.environment },
  };
}
