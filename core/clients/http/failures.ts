import { DeliveryError, messageOf, type ErrorCode } from '../../model/errors.ts';
import { redactUrl } from './redaction.ts';

/** An answer that is a refusal. `serviceCode` is the remote system's own word for it ("TAG_INVALID"). */
export class ResponseError extends DeliveryError {
  readonly status: number;
  readonly serviceCode: string | undefined;

  constructor(
    status: number,
    message: string,
    options: {
      readonly code?: ErrorCode;
      readonly serviceCode?: string | undefined;
      readonly hint?: string | undefined;
    } = {},
  ) {
    super(options.code ?? codeOf(status), message, options.hint === undefined ? {} : { hint: options.hint });
    this.status = status;
    this.serviceCode = options.serviceCode;
  }
}

export function codeOf(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'Unauthenticated';
    case 403:
      return 'Forbidden';
    case 404:
      return 'NotFound';
    case 429:
      return 'Throttled';
    default:
      return 'RemoteError';
  }
}

/** A connection that could not be made, or broke: what node calls it, in words that say what to do. */
export class ConnectionError extends DeliveryError {
  /** Node's code: "ECONNRESET", "ENOTFOUND". */
  readonly reason: string;

  constructor(url: URL, cause: unknown) {
    const reason = reasonOf(cause);
    super('Unreachable', `cannot reach ${redactUrl(url.origin)} (${reason}: ${messageOf(cause)})`, {
      hint: hintFor(reason, url.host),
      cause,
    });
    this.reason = reason;
  }
}

export function reasonOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return 'connection failed';
}

// Node's certificate errors (tls.md, "X509 certificate error codes"), plus the handshake's own.
const certificateReasons =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT|INVALID_|ERROR_IN_|HOSTNAME_MISMATCH)/;

export function isCertificateReason(reason: string): boolean {
  return certificateReasons.test(reason);
}

function hintFor(reason: string, host: string): string {
  if (isCertificateReason(reason)) {
    return `The certificate of ${host} is not trusted here. Behind a TLS-inspecting proxy, set NODE_EXTRA_CA_CERTS on the agent to the proxy's authority.`;
  }
  switch (reason) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `Check the host name ${host}, and the agent's DNS or private endpoint.`;
    case 'ECONNREFUSED':
      return `Nothing listens at ${host}: check the port, the firewall rules and the agent's proxy setting.`;
    default:
      return `Check that the agent's network, firewall and proxy let it reach ${host}.`;
  }
}
