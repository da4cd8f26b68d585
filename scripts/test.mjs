// npm test: everything that must hold, from a bare checkout. Ends with the line `N passed, N failed`.
// npm run lint: without the test suites.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { checkout, ensureDependencies } from './set-up/dependencies.mjs';
import { capture, packageCommand } from './test/commands.mjs';

const flags = process.argv.slice(2);
const schemaAt = flags.indexOf('--schema');
const schema = schemaAt < 0 ? [] : flags.slice(schemaAt, schemaAt + 2);

const lint = [
  ['types', ...packageCommand('typescript/bin/tsc', '--noEmit', '-p', '.')],
  ['lint', ...packageCommand('eslint/bin/eslint.js', '.', '--max-warnings=0')],
  ['format', ...packageCommand('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.')],
  [
    'dependency rule',
    ...packageCommand(
      'dependency-cruiser/bin/dependency-cruise.mjs',
      '--config=.dependency-cruiser.cjs',
      ...['core', 'tasks', 'sandbox', 'scripts', 'test'],
    ),
  ],
  ['pipelines', process.execPath, ['--import', 'tsx', 'scripts/check-pipelines.ts', ...schema]],
  ['the sample services', 'go', ['-C', 'pipelines/sample/services', 'test', './...']],
];

const suites = (names) =>
  flags.includes('--checks') ? [] : names.filter((name) => existsSync(path.join(checkout, 'test', name)));
const live = suites(['unit', 'integration', 'peers']);
const quiet = suites(['pipeline']);

let passed = 0;
let failed = 0;

/** One check: shown as one line, with its output when it fails. */
async function check([title, command, args]) {
  const { code, output, milliseconds } = await capture(command, args);
  if (code === 0) passed += 1;
  else failed += 1;
  const time = `${(milliseconds / 1000).toFixed(1)} s`;
  // What the pipelines were checked with is worth saying also when all is well.
  const shown = code !== 0 || title === 'pipelines' ? `\n${output.trimEnd()}` : '';
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${title} (${time})${shown}`);
}

/** One mocha run: its own report, shown as it comes or when it is done, with its tests counted. */
async function suite(name, isLive) {
  const files = `test/${name}/**/*.test.ts`;
  if (isLive) console.log(`\ntest/${name}`);
  // --exit: a test that failed half-way may leave a handle open, and the run must end all the same.
  const colour = process.stdout.isTTY ? ['--color'] : [];
  const command = packageCommand('mocha/bin/mocha.js', files, '--exit', ...colour);
  const { code, output } = await capture(...command, (text) => isLive && process.stdout.write(text));
  if (!isLive) console.log(`\ntest/${name}\n${output}`);
  // eslint-disable-next-line no-control-regex
  const plain = output.replaceAll(/\u001b\[[0-9;]*m/g, '');
  const count = (word) => Number(new RegExp(`^ +(\\d+) ${word}\\b`, 'm').exec(plain)?.[1] ?? 0);
  passed += count('passing');
  // A run that broke off without its summary has failed too.
  failed += Math.max(count('failing'), code === 0 ? 0 : 1);
}

try {
  await ensureDependencies();
  // Once and first: a bundle that is made anew while another lane runs it would count as changed by its own task.
  await check(['bundles', process.execPath, ['--import', 'tsx', 'scripts/build.ts']]);
  // One lane for each of two processors; what one has to say comes in blocks, so that the other can be followed.
  await Promise.all([
    (async () => {
      for (const command of lint) await check(command);
      for (const name of quiet) await suite(name, false);
    })(),
    (async () => {
      for (const name of live) await suite(name, true);
    })(),
  ]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  failed += 1;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? (process.exitCode ?? 0) : 1;
