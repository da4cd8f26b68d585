import { resultFormats } from '../../../model/test-results.ts';
import type { CheckKind } from '../kind.ts';
import { door } from '../tools.ts';
import { assessResults, limitsSchema, parseLimits } from './results.ts';

/** Holds result files that an earlier step left to thresholds. */
export const junit: CheckKind = {
  kind: 'junit',
  defaults: { errorLimit: 0 },
  schema: {
    description: 'Reads test results that exist already and holds them to thresholds. No test is not a pass.',
    required: ['files'],
    properties: {
      files: {
        $ref: '#/$defs/texts',
        description: 'Paths or patterns (*, **), relative to the working directory.',
      },
      format: { enum: resultFormats, description: 'Otherwise junit.' },
      ...limitsSchema,
    },
  },

  parse(settings) {
    const patterns = settings.texts('files');
    if (patterns.length === 0)
      return settings.missing('files', 'Name the result files, as in results/**/*.xml.');
    const format = settings.optionalOneOf('format', resultFormats) ?? 'junit';
    const limits = parseLimits(settings);
    return {
      title: `${format} results in ${patterns.join(', ')}`,
      needs: ['files'],
      measure: async (tools, look) => {
        const files = await door(tools, 'files', look.check).find(patterns);
        if (files.length === 0)
          return { outcome: 'inconclusive', reason: `there is no file ${patterns.join(', ')}` };
        return assessResults(files, format, limits);
      },
    };
  },
};
