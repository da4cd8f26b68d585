import type { JsonObject } from '../../model/json.ts';
import type { CheckKind } from './kind.ts';

/** The published JSON Schema of the checks file: what all checks share, and each kind's own fields. */
export function checksSchema(kinds: readonly CheckKind[]): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:aks-delivery:checks:1',
    title: 'Checks of an acceptance gate, version 1',
    type: 'object',
    additionalProperties: false,
    required: ['checks'],
    properties: {
      version: { const: 1 },
      acceptInconclusive: {
        $ref: '#/$defs/texts',
        description: 'Names of checks that may be inconclusive and let the gate pass all the same.',
      },
      checks: {
        type: 'array',
        minItems: 1,
        description: 'Run side by side. Names are unique; at least one is required.',
        items: {
          type: 'object',
          required: ['name', 'kind'],
          properties: { kind: { enum: kinds.map((kind) => kind.kind) } },
          allOf: kinds.map((kind) => ({
            if: { properties: { kind: { const: kind.kind } }, required: ['kind'] },
            then: { $ref: `#/$defs/${kind.kind}` },
          })),
        },
      },
    },
    $defs: {
      duration: {
        description: '90s, 10m, 1h30m, 2d or 500ms; a number is seconds.',
        anyOf: [
          { type: 'string', pattern: '^\\s*(?:\\d+(?:\\.\\d+)?|(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+)\\s*$' },
          { type: 'number', minimum: 0 },
        ],
      },
      share: {
        description: '1% or 0.01.',
        anyOf: [
          { type: 'string', pattern: '^\\s*\\d+(?:\\.\\d+)?\\s*%\\s*$' },
          { type: 'number', minimum: 0, maximum: 1 },
        ],
      },
      texts: {
        anyOf: [
          { type: ['string', 'number', 'boolean'] },
          { type: 'array', items: { type: ['string', 'number', 'boolean'] } },
        ],
      },
      ...Object.fromEntries(kinds.map((kind) => [kind.kind, kindSchema(kind)])),
    },
  };
}

const common: JsonObject = {
  name: { type: 'string', pattern: '\\S', description: 'The verdict, the Tests tab and the log use it.' },
  kind: { type: 'string' },
  required: { type: 'boolean', description: 'false makes the check advisory: shown, and not decisive.' },
  initialDelay: { $ref: '#/$defs/duration', description: 'Before the first measurement.' },
  interval: { $ref: '#/$defs/duration', description: 'From one measurement to the next. Otherwise 10s.' },
  count: {
    type: 'integer',
    minimum: 1,
    maximum: 10000,
    description: 'Measurements that decide. Otherwise 1.',
  },
  failureLimit: {
    type: 'integer',
    minimum: 0,
    description: 'Failed measurements that are tolerated. Otherwise 0.',
  },
  errorLimit: {
    type: 'integer',
    minimum: 0,
    description: 'Measurements in a row that could not ask and are tolerated.',
  },
  consecutiveSuccesses: {
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    description: 'Passes in a row that are needed, and suffice.',
  },
  deadline: { $ref: '#/$defs/duration', description: 'By when the check must have decided. Otherwise 10m.' },
};

function kindSchema({ kind, schema }: CheckKind): JsonObject {
  const groups = (schema.exactlyOne ?? []).map((names) => ({
    oneOf: names.map((name) => ({ required: [name] })),
  }));
  return {
    type: 'object',
    description: schema.description,
    additionalProperties: false,
    required: ['name', 'kind', ...(schema.required ?? [])],
    properties: { ...common, kind: { const: kind }, ...schema.properties },
    ...(groups.length === 0 ? {} : { allOf: groups }),
  };
}
