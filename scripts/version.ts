/**
 * Sets the version of the extension, of all four tasks and of package.json: `npm run set-version -- 1.2.3`. Together,
 * because agents keep a task by its version and would run the old code of one whose version stayed.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './bundle/checkout.ts';

const [version = ''] = process.argv.slice(2);
const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)$/.exec(version) ?? [];
if (major === undefined || minor === undefined || patch === undefined) {
  console.error('Give the version as major.minor.patch, for example 1.2.3.');
  process.exit(1);
}

const tasks = readdirSync(join(checkout, 'tasks'))
  .map((name) => join('tasks', name, 'task.json'))
  .filter((path) => existsSync(join(checkout, path)));
for (const path of tasks) {
  replace(
    path,
    /"Major": \d+,(\s*)"Minor": \d+,(\s*)"Patch": \d+/,
    `"Major": ${major},$1"Minor": ${minor},$2"Patch": ${patch}`,
  );
}
for (const path of ['vss-extension.json', 'package.json'])
  replace(path, /"version": "[^"]+"/, `"version": "${version}"`);

replace('package-lock.json', /("name": "aks-delivery",\s*"version": )"[^"]+"/g, `$1"${version}"`);

/** In the text, so that the rest of the file stays as it is formatted. */
function replace(path: string, pattern: RegExp, replacement: string): void {
  const file = join(checkout, path);
  const text = readFileSync(file, 'utf8');
  if (!pattern.test(text)) throw new Error(`${path} has no version to set`);
  writeFileSync(file, text.replace(pattern, replacement));
  console.log(`${path} ${version}`);
}
