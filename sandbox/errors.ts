/** What can be wrong with a machine or with what its user brought, so that the local world can't be as it was asked for. */
export type SandboxProblem =
  | 'GoMissing'
  | 'BuildFailed'
  | 'PackagesMissing'
  | 'NodesImpossible'
  | 'ComponentFailed'
  | 'ClusterUnusable'
  | 'DirectoryUnusable';

/**
 * A failure of the local world that its user can mend: `message` says what is wrong, `hint` what to do. The tasks never
 * throw it: their errors are in core/model/errors.ts.
 */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly problem: SandboxProblem;
  readonly hint: string | undefined;

  constructor(
    problem: SandboxProblem,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.problem = problem;
    this.hint = options.hint;
  }
}
