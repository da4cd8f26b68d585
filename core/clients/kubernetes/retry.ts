import { isDeliveryError } from '../../model/errors.ts';
import type { Clock } from '../../model/ports.ts';
import type { ApiRequest, ApiResponse, Connection } from './connection.ts';

const attempts = 5;
const firstPause = 200;
const longestPause = 10_000;

/**
 * Asks again where that is safe: what the server turned away before it began (429), and for requests that may be
 * repeated also 5xx and broken connections. `Retry-After` is obeyed (RFC 9110, section 10.2.3).
 */
export function retrying(
  connection: Connection,
  clock: Clock,
  random: () => number = Math.random,
): Connection {
  return {
    async request(asked) {
      if (isProxied(asked)) return connection.request(asked);
      for (let attempt = 1; ; attempt += 1) {
        const last = attempt === attempts;
        try {
          const response = await connection.request(asked);
          if (last || !isWorthAnother(asked, response)) return response;
          await clock.sleep(pauseAfter(attempt, response, random), asked.signal);
        } catch (error) {
          if (last || !isRepeatable(asked) || !isDeliveryError(error) || error.code !== 'Unreachable')
            throw error;
          await clock.sleep(pauseAfter(attempt, undefined, random), asked.signal);
        }
      }
    },
    stream: (asked) => connection.stream(asked),
    close: () => {
      connection.close();
    },
  };
}

function isWorthAnother(asked: ApiRequest, response: ApiResponse): boolean {
  if (response.status === 429) return true;
  return isRepeatable(asked) && [500, 502, 503, 504].includes(response.status) && isTransient(response);
}

// A 500 of an admission webhook that cannot be called, or of an etcd leader change, passes; others are answers.
function isTransient(response: ApiResponse): boolean {
  if (response.status !== 500) return true;
  return (
    response.headers['retry-after'] !== undefined ||
    /failed calling webhook|etcdserver: leader changed|etcdserver: request timed out/.test(
      Buffer.from(response.body).toString('utf8'),
    )
  );
}

/** What a Service or Pod answers is its own: a gate that measures it must see the first answer, not the fifth. */
function isProxied(asked: ApiRequest): boolean {
  return /^\/api\/v1\/namespaces\/[^/]+\/(?:services|pods)\/[^/]+\/proxy(?:[/?]|$)/.test(asked.path);
}

/** Server-side apply is a PATCH that means the same twice; a create does not. */
function isRepeatable(asked: ApiRequest): boolean {
  return asked.method !== 'POST' || asked.path.includes('dryRun=All');
}

function pauseAfter(attempt: number, response: ApiResponse | undefined, random: () => number): number {
  const told = Number(response?.headers['retry-after']);
  if (Number.isFinite(told) && told > 0) return Math.min(told * 1000, longestPause);
  const grown = Math.min(firstPause * 2 ** (attempt - 1), longestPause);
  return grown * (0.5 + random() / 2);
}
