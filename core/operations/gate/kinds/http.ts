import type { Finding } from '../../../model/check.ts';
import type { CheckKind } from '../kind.ts';
import { invalid } from '../settings.ts';
import type { HttpAnswer, HttpRequest, Tools } from '../tools.ts';
import { expectationSchema, mismatch, parseExpectation, type Expectation } from './expectation.ts';
import { address, asker, parseHeaders, parseTarget, targetSchema } from './target.ts';
import { assessLoad, loadSchema, parseLoad, runLoad } from './load.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Asks the subject over HTTP: a URL as the agent reaches it, or a Service through the API server's proxy. */
export const http: CheckKind = {
  kind: 'http',
  schema: {
    description:
      'Asks a URL, or an in-cluster Service through the API server, and holds the answer to expectations.',
    exactlyOne: [['url', 'service']],
    properties: {
      ...targetSchema,
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
