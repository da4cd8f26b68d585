import { DeliveryError, type ErrorCode } from './errors.ts';

/** One field that another manager owns (a 409 of server-side apply). */
export interface FieldConflict {
  readonly manager: string;
  readonly field: string;
}

/** What the API server's `Status` object said (API conventions, "Response Status Kind"). */
export interface ApiAnswer {
  readonly status: number;
  /** NotFound, AlreadyExists, Conflict, Invalid, Forbidden... */
  readonly reason: string;
  /** The server's own words, without ours around them. */
  readonly said: string;
  readonly conflicts: readonly FieldConflict[];
}

/** The API server's refusal of one request. */
export class ApiError extends DeliveryError {
  readonly status: number;
  readonly reason: string;
  readonly said: string;
  readonly conflicts: readonly FieldConflict[];

  constructor(code: ErrorCode, message: string, answer: ApiAnswer, hint: string) {
    super(code, message, { hint });
    this.status = answer.status;
    this.reason = answer.reason;
    this.said = answer.said;
    this.conflicts = answer.conflicts;
  }
}
