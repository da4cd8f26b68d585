// Writes pipelines/schemas/checks.v1.schema.json from the kinds of checks: npx tsx scripts/checks-schema.ts
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { kinds } from '../core/operations/gate/kinds.ts';
import { checksSchema } from '../core/operations/gate/schema.ts';

const file = new URL('../pipelines/schemas/checks.v1.schema.json', import.meta.url);
const text = JSON.stringify(checksSchema(kinds));
writeFileSync(file, await format(text, { parser: 'json', printWidth: 110 }));
