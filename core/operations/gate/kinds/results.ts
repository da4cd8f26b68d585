import { messageOf } from '../../../model/errors.ts';
import type { JsonObject } from '../../../model/json.ts';
import {
  addCounts,
  assessTests,
  parseTestResults,
  type ResultFormat,
  type TestLimits,
} from '../../../model/test-results.ts';
import type { Finding } from '../../../model/check.ts';
import type { Settings } from '../settings.ts';

/** Fields that every check over test results has. */
export const limitsSchema: JsonObject = {
  failed: { type: 'integer', minimum: 0, description: 'Failed tests that are tolerated. Otherwise 0.' },
  skipped: {
    type: 'integer',
    minimum: 0,
    description: 'Skipped tests that are tolerated. Otherwise any number.',
  },
  flaky: {
    type: 'integer',
    minimum: 0,
    description: 'Flaky tests that are tolerated. Otherwise any number.',
  },
  minimum: { type: 'integer', minimum: 1, description: 'Tests that must have run. Otherwise 1.' },
};

export function parseLimits(settings: Settings): TestLimits {
  return {
    failed: settings.integer('failed', { min: 0, otherwise: 0 }),
    skipped: settings.optionalInteger('skipped', { min: 0 }),
    flaky: settings.optionalInteger('flaky', { min: 0 }),
    minimum: settings.integer('minimum', { min: 1, otherwise: 1 }),
  };
}

/** A document that cannot be read is an error: it is not known what it would have said. */
export function assessResults(
  files: readonly { readonly name: string; readonly text: string }[],
  format: ResultFormat,
  limits: TestLimits,
): Finding {
  try {
    const counts = files.map(({ name, text }) => {
      try {
        return parseTestResults(format, text);
      } catch (error) {
        throw new Error(`${name} cannot be read as ${format}: ${messageOf(error)}`, { cause: error });
      }
    });
    return assessTests(addCounts(counts), limits);
  } catch (error) {
    return { outcome: 'error', reason: messageOf(error) };
  }
}
