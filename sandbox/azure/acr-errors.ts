import type { Exchange } from './exchange.ts';

/** An error in the registry's own shape (OCI distribution specification, "Error Codes"). */
export async function registryError(
  exchange: Exchange,
  status: number,
  code: string,
  message: string,
  detail?: unknown,
): Promise<void> {
  await exchange.json(status, { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });
}

/** What ACR answers to a change of something locked. */
export async function disallowed(exchange: Exchange): Promise<void> {
  const message =
    'The operation is disallowed on this registry, repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation';
  await registryError(exchange, 405, 'REGISTRY_DISALLOWED_OPERATION', message, {});
}

export async function unauthorized(exchange: Exchange, challenge: string, detail?: unknown): Promise<void> {
  exchange.response.setHeader('www-authenticate', challenge);
  const message = 'authentication required, visit https://aka.ms/acr/authorization for more information.';
  await registryError(exchange, 401, 'UNAUTHORIZED', message, detail);
}
