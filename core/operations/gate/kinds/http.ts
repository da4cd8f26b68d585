import type { Finding } from '../../../model/check.ts';
import { DeliveryError } from '../../../model/errors.ts';
import type { CheckKind, Look, Subject } from '../kind.ts';
import { invalid, type Settings } from '../settings.ts';
import { door, type HttpAnswer, type HttpRequest, type ServiceAddress, type Tools } from '../tools.ts';
import { expectationSchema, mismatch, parseExpectation, type Expectation } from './expectation.ts';
import { assessLoad, loadSchema, parseLoad, runLoad } from './load.ts';

type Target =
  | { readonly at: 'url'; readonly url: URL }
  | { readonly at: 'service'; readonly service: ServiceAddress; readonly path: string };

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Asks the subject over HTTP: a URL as the agent reaches it, or a Service through the API server's proxy. */
export const http: CheckKind = {
  kind: 'http',
  schema: {
    description:
      'Asks a URL, or an in-cluster Service through the API server, and holds the answer to expectations.',
    exactlyOne: [['url', 'service']],
    properties: {
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
      method: { enum: methods },
      headers: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
      body: { type: 'string' },
      timeout: { $ref: '#/$defs/duration', description: 'For one answer. Otherwise 10s.' },
      expect: expectationSchema,
      maxTime: { $ref: '#/$defs/duration', description: 'The longest that one answer may take.' },
      load: loadSchema,
    },
  },

  parse(settings, subject) {
    const target = parseTarget(settings, subject);
    const method = settings.optionalOneOf('method', methods) ?? 'GET';
    const headers = parseHeaders(settings, target);
    const body = settings.optionalText('body');
    const timeout = settings.duration('timeout', { min: 100, max: 600_000, otherwise: 10_000 });
    const expectation = parseExpectation(settings.optionalSection('expect'));
    const maxTime = settings.optionalDuration('maxTime', { min: 1 });
    const load = parseLoad(settings.optionalSection('load'));
    if (load !== undefined && maxTime !== undefined) {
      throw invalid(
        `${settings.at('maxTime')} does not go with load`,
        'Limit the percentiles instead: load.p95 or load.p99.',
      );
    }
    const request: HttpRequest = {
      method,
      url: target.at === 'url' ? target.url.href : target.path,
      headers,
      ...(body === undefined ? {} : { body }),
    };
    const where = address(target);
    return {
      title: `${method} ${where}${load === undefined ? '' : `, ${load.requests} requests at ${load.rate}/s`}`,
      needs: target.at === 'service' ? ['cluster'] : [],
      measure: async (tools, look) => {
        const ask = asker(target, request, timeout, tools, look);
        if (load !== undefined) {
          const samples = await runLoad(load, tools.clock, look.signal, async () => {
            const answer = await ask();
            return mismatch(expectation, answer);
          });
          return assessLoad(load, samples);
        }
        return once(ask, expectation, maxTime, tools);
      },
    };
  },
};

async function once(
  ask: () => Promise<HttpAnswer>,
  expectation: Expectation,
  maxTime: number | undefined,
  tools: Tools,
): Promise<Finding> {
  const started = tools.clock.now();
  const answer = await ask();
  const took = tools.clock.now() - started;
  const values = [
    {
      name: 'time',
      value: took,
      unit: 'milliseconds' as const,
      ...(maxTime === undefined ? {} : { limit: maxTime }),
    },
  ];
  const wrong = mismatch(expectation, answer);
  if (wrong !== undefined) return { outcome: 'failed', reason: wrong, values };
  if (maxTime !== undefined && took > maxTime) {
    return {
      outcome: 'failed',
      reason: `status ${answer.status} after ${took} ms, allowed are ${maxTime} ms`,
      values,
    };
  }
  return { outcome: 'passed', reason: `status ${answer.status} in ${took} ms`, values };
}

/** One question under its own timeout. No answer in time is an error that says so. */
function asker(
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

function parseTarget(settings: Settings, subject: Subject): Target {
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

function parseHeaders(settings: Settings, target: Target): Readonly<Record<string, string>> {
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

function address(target: Target): string {
  if (target.at === 'url') return `${target.url.origin}${target.url.pathname}`;
  const { service, path } = target;
  return `${service.scheme}://${service.name}.${service.namespace}:${service.port}${path.split('?')[0] ?? path}`;
}
