import type { HttpResponse } from './message.ts';
import { ConnectionError, isCertificateReason } from './failures.ts';

/** Whether the same request may succeed later (RFC 9110 section 15: 408, 429 and the server's own failures). */
export function isTransient(status: number): boolean {
  return (
    status === 408 || status === 429 || status === 500 || status === 502 || status === 503 || status === 504
  );
}

/** A name that does not resolve and a port that refuses are rarely better a minute later; a broken connection often is. */
export function attemptsFor(failure: unknown): number {
  if (!(failure instanceof ConnectionError)) return 8;
  if (isCertificateReason(failure.reason) || failure.reason === 'EPROTO') return 1;
  return failure.reason === 'ENOTFOUND' || failure.reason === 'ECONNREFUSED' ? 3 : 8;
}

/**
 * What `Retry-After` asks for, in milliseconds from `now`: seconds or an HTTP date (RFC 9110 section 10.2.3).
 * Undefined when it is absent or unreadable.
 */
export function retryAfter(response: Pick<HttpResponse, 'headers'>, now: number): number | undefined {
  const text = response.headers['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const firstPause = 500;
const longestPause = 20_000;

/**
 * How long to wait before attempt `attempt + 1`, in milliseconds: doubling, and spread over the upper half so that
 * transfers that failed together do not come back together.
 * @param random 0..1
 */
export function backoff(attempt: number, random: number): number {
  const ceiling = Math.min(longestPause, firstPause * 2 ** (attempt - 1));
  return ceiling / 2 + (random * ceiling) / 2;
}
