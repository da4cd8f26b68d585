import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AcrRegistry } from './acr-registry.ts';
import { forwarded, upstream } from './acr-upstream.ts';
import type { Exchange } from './exchange.ts';
import type { Service } from './router.ts';

// Signs the links of this process; a link outlives nothing.
const secret = randomBytes(32);

/** A short-lived link to a blob on the registry's data host. The signature is the credential. */
export function dataLink(
  registry: AcrRegistry,
  repository: string,
  digest: string,
  lifetime: number,
): string {
  const expires = new Date(Date.now() + lifetime * 1000).toISOString();
  const query = new URLSearchParams({
    d: digest,
    r: repository,
    se: expires,
    sp: 'r',
    sig: signature(registry, repository, digest, expires),
  });
  return `https://${registry.dataHost}/${digest.replace(':', '/')}/data?${query.toString()}`;
}

/** The data host: blobs by signed link, nothing else. Errors are Azure Storage's, for that is what answers there. */
export function createDataHost(registry: AcrRegistry): Service {
  return async (exchange) => {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
      await storageError(
        exchange,
        405,
        'UnsupportedHttpVerb',
        "The resource doesn't support specified Http Verb.",
      );
      return;
    }
    if (exchange.header('authorization') !== undefined) {
      const message =
        'Authentication information is not given in the correct format. Check the value of Authorization header.';
      await storageError(exchange, 400, 'InvalidAuthenticationInfo', message);
      return;
    }
    const repository = exchange.query.get('r') ?? '';
    const digest = exchange.query.get('d') ?? '';
    const expires = exchange.query.get('se') ?? '';
    const given = Buffer.from(exchange.query.get('sig') ?? '');
    const expected = Buffer.from(signature(registry, repository, digest, expires));
    const isSigned = given.length === expected.length && timingSafeEqual(given, expected);
    if (!isSigned || !(Date.parse(expires) > Date.now())) {
      const message =
        'Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.';
      await storageError(exchange, 403, 'AuthenticationFailed', message);
      return;
    }
    const token = await registry.internalToken({ type: 'repository', name: repository, actions: ['pull'] });
    const answer = await upstream(registry.port, {
      method: exchange.method,
      path: `/v2/${repository}/blobs/${digest}`,
      headers: { ...forwarded(exchange.request.headers), authorization: `Bearer ${token}` },
    });
    if (answer.statusCode === 404) {
      answer.resume();
      await storageError(exchange, 404, 'BlobNotFound', 'The specified blob does not exist.');
      return;
    }
    await exchange.send(answer.statusCode ?? 502, forwarded(answer.headers), answer);
  };
}

async function storageError(
  exchange: Exchange,
  status: number,
  code: string,
  message: string,
): Promise<void> {
  const body = `\uFEFF<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  await exchange.send(status, { 'content-type': 'application/xml', 'x-ms-error-code': code }, body);
}

function signature(registry: AcrRegistry, repository: string, digest: string, expires: string): string {
  return createHmac('sha256', secret)
    .update([registry.name, repository, digest, expires].join('\n'))
    .digest('base64');
}
