import { DeliveryError } from '../../../model/errors.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { Look, Subject } from '../kind.ts';
import { invalid, type Settings } from '../settings.ts';
import { door, type HttpAnswer, type HttpRequest, type ServiceAddress, type Tools } from '../tools.ts';

/** Where an HTTP check asks. */
export type Target =
  | { readonly at: 'url'; readonly url: URL }
  | { readonly at: 'service'; readonly service: ServiceAddress; readonly path: string };

export const targetSchema: JsonObject = {
  url: { type: 'string', description: 'An http or https URL that the agent can reach.' },
  service: {
    description: 'A Service in the cluster, asked through the API server: it need not be exposed.',
    type: 'object',
    additionalProperties: false,
    required: ['name', 'port'],
    properties: {
      name: { type: 'string' },
      port: { type: ['integer', 'string'], description: "The Service's port, by number or name." },
      namespace: { type: 'string', description: "Otherwise the gate's namespace." },
      scheme: { enum: ['http', 'https'] },
    },
  },
  path: { type: 'string', description: 'With service: the path and query to ask for. Otherwise /.' },
};

/** One question under its own timeout. No answer in time is an error that says so. */
export function asker(
  target: Target,
  request: HttpRequest,
  timeout: number,
  tools: Tools,
  look: Look,
): () => Promise<HttpAnswer> {
  const send =
    target.at === 'url'
      ? (signal: AbortSignal) => tools.http.send(request, signal)
      : (signal: AbortSignal) =>
          door(tools, 'cluster', look.check).askService(target.service, request, signal);
  return async () => {
    const late = AbortSignal.timeout(timeout);
    try {
      return await send(AbortSignal.any([look.signal, late]));
    } catch (error) {
      if (look.signal.aborted || !late.aborted) throw error;
      throw new DeliveryError('Unreachable', `${address(target)} gave no answer within ${timeout} ms`, {
        cause: error,
      });
    }
  };
}

export function parseTarget(settings: Settings, subject: Subject): Target {
  if (settings.either('url', 'service') === 'url') {
    if (settings.has('path')) {
      throw invalid(`${settings.at('path')} does not go with url`, 'Write the path into the URL.');
    }
    return { at: 'url', url: parseUrl(settings) };
  }
  const service = settings.optionalSection('service');
  if (service === undefined) return settings.missing('service');
  const path = settings.optionalText('path') ?? '/';
  if (!path.startsWith('/')) return settings.wrong('path', 'a path that begins with /', path);
  const namespace = service.optionalText('namespace') ?? subject.namespace;
  if (namespace === undefined) {
    return service.missing('namespace', "Write it there, or set the task's namespace input.");
  }
  return {
    at: 'service',
    path,
    service: {
      namespace,
      name: dnsLabel(service, 'name'),
      port: dnsLabel(service, 'port'),
      scheme: service.optionalOneOf('scheme', ['http', 'https']) ?? 'http',
    },
  };
}

/** A part of the proxy's path: nothing that could lead elsewhere. */
function dnsLabel(settings: Settings, name: string): string {
  const text = settings.text(name);
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
    ? text
    : settings.wrong(name, 'lower-case letters, digits and hyphens', text);
}

function parseUrl(settings: Settings): URL {
  const text = settings.text('url');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return settings.wrong('url', 'an http or https URL', text);
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      `${settings.at('url')} carries a user name or password, which logs would show`,
      'Send an Authorization header; a secret pipeline variable can be written into it as $(name).',
    );
  }
  return url;
}

export function parseHeaders(settings: Settings, target: Target): Readonly<Record<string, string>> {
  const headers = settings.map('headers');
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[\r\n\0]/.test(value)) {
      throw invalid(
        `${settings.at(`headers.${name}`)} is not a header`,
        'Names are letters, digits and hyphens; values are one line.',
      );
    }
    if (
      target.at === 'service' &&
      target.service.scheme === 'https' &&
      name.toLowerCase() === 'authorization'
    ) {
      throw invalid(
        `${settings.at(`headers.${name}`)} cannot pass the API server's proxy, which takes it for its own`,
        'Ask a URL, or let a check of kind job send it from within the cluster.',
      );
    }
  }
  return headers;
}

export function address(target: Target): string {
  if (target.at === 'url') return `${target.url.origin}${target.url.pathname}`;
  const { service, path } = target;
  return `${service.scheme}://${service.name}.${service.namespace}:${service.port}${path.split('?')[0] ?? path}`;
}
