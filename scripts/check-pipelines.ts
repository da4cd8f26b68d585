/**
 * npm run check:pipelines [-- --schema FILE]: every pipeline and template under pipelines/, read as Azure Pipelines reads
 * it. Without the service's schema (`service-schema.json` of microsoft/azure-pipelines-vscode) only what our own runner
 * knows is checked, and the check says so.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { identities } from '../sandbox/names.ts';
import { readCatalog } from '../sandbox/pipeline/catalog.ts';
import { readPipeline } from '../sandbox/pipeline/stages.ts';
import { checkout } from './bundle/checkout.ts';
import { languageService } from './pipelines/language-service.ts';

const [flag, schema, ...rest] = process.argv.slice(2);
if (
  (flag !== undefined && flag !== '--schema') ||
  (flag === '--schema' && schema === undefined) ||
  rest.length > 0
) {
  console.error('Usage: npm run check:pipelines [-- --schema FILE]');
  process.exit(2);
}

const files = readdirSync(path.join(checkout, 'pipelines'), { recursive: true, encoding: 'utf8' })
  .map((name) => `pipelines/${name.split(path.sep).join('/')}`)
  .filter((name) => /^pipelines\/(?:templates\/.*|.*\/azure-pipelines[^/]*)\.yml$/.test(name))
  .sort();

const problems = [...readByRunner(), ...(schema === undefined ? [] : await readByService(schema))];
for (const problem of problems) console.error(problem);
console.log(
  schema === undefined
    ? `${files.length} files: no schema was given (--schema FILE), so the Azure Pipelines language service was not asked`
    : `${files.length} files checked by the Azure Pipelines language service with ${path.basename(schema)}`,
);
process.exitCode = problems.length === 0 ? 0 : 1;

/** What the demo runs: read by the runner with every parameter's value. */
function readByRunner(): readonly string[] {
  const connections = [
    ...Object.values(identities).map((one) => one.connectionName),
    'shop-promotion-source',
  ];
  const catalog = readCatalog(path.join(checkout, 'tasks'), connections);
  const requests = [
    { file: 'pipelines/sample/azure-pipelines-cd.yml', parameters: { approval: true } },
    { file: 'pipelines/sample/azure-pipelines-cd.yml', parameters: { approval: false } },
    { file: 'pipelines/sample/azure-pipelines-ci.yml', stages: ['Record'] },
  ];
  return requests.flatMap((request) => {
    try {
      readPipeline({ root: checkout, ...request }, catalog);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}

async function readByService(schemaFile: string): Promise<readonly string[]> {
  const validate = languageService(
    JSON.parse(readFileSync(schemaFile, 'utf8')) as object,
    path.join(checkout, 'tasks'),
  );
  const found: string[] = [];
  for (const file of files) {
    const text = readFileSync(path.join(checkout, file), 'utf8');
    for (const { line, message } of await validate(text, file)) found.push(`${file}:${line}: ${message}`);
  }
  return found;
}
