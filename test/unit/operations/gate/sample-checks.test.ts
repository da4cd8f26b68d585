import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { parseChecks } from '../../../../core/operations/gate/checks.ts';
import { kinds } from '../../../../core/operations/gate/kinds.ts';
import { resolved } from '../../../support/sample-release.ts';

const root = new URL('../../../../pipelines/', import.meta.url);
const schema = new Ajv2020({ strict: false }).compile(
  JSON.parse(readFileSync(new URL('schemas/checks.v1.schema.json', root), 'utf8')) as object,
);

describe('the checks of the sample application', () => {
  const folder = new URL('sample/checks/', root);
  for (const name of readdirSync(folder)) {
    it(`${name} is read, and valid against the schema`, () => {
      const document: unknown = parse(readFileSync(new URL(name, folder), 'utf8'));
      const subject = { release: resolved, environment: 'staging', namespace: 'shop' };
      assert.ok(parseChecks(document, name, kinds, subject).checks.length > 0);
      assert.equal(schema(document), true, JSON.stringify(schema.errors));
    });
  }
});
