/**
 * What can go wrong in a way that the pipeline's author or operator can act on. Every code is explained in
 * docs/troubleshooting.md; a code never changes its meaning.
 */
export const errorCodes = [
  // inputs
  'InputMissing',
  'InputInvalid',
  'ConnectionUnknown',
  'ConnectionUnsupported',
  'FileNotFound',
  'FileInvalid',
  // references and registries
  'ReferenceInvalid',
  'DigestInvalid',
  'ImageNotFound',
  'DigestMismatch',
  'ManifestUnsupported',
  'PlatformMissing',
  'LabelMismatch',
  'ImageUnfit',
  'TagConflict',
  'PromotionIncomplete',
  'SourceNotAllowed',
  'EvidenceMissing',
  'ImportFailed',
  // the release record
  'ReleaseInvalid',
  'ReleaseImageUnknown',
  // remote systems
  'Unreachable',
  'Unauthenticated',
  'Forbidden',
  'NotFound',
  'Throttled',
  'RemoteError',
  'DeadlineExceeded',
  'HostNotTrusted',
  // manifest files and clusters
  'ManifestInvalid',
  'RenderFailed',
  'ImageUnmatched',
  'ImageUnpinned',
  'KindUnknown',
  'ApplyRefused',
  'ApplyConflict',
  'RolloutFailed',
  'CredentialUnsupported',
  'PreflightFailed',
  // gates
  'ChecksInvalid',
  'GateFailed',
  'GateInconclusive',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * A failure that somebody can mend: it says what was wrong (input, object, registry, value) in `message` and what to do
 * about it in `hint`. Everything else that is thrown is a defect of ours.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.hint = options.hint;
  }
}

export function isDeliveryError(value: unknown): value is DeliveryError {
  return value instanceof DeliveryError;
}

/** The text of anything thrown, for a message that wraps it. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
