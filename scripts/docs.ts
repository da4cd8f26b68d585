/** Writes the tables of inputs and outputs into the page of every task, from its task.json: `npm run docs`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './bundle/checkout.ts';
import { taskNames } from './build.ts';
import { withTables } from './docs/page.ts';
import { readDocumentedTask } from './docs/task.ts';

/** The page of a task, as it should be. */
export function pageOf(task: string): {
  readonly file: string;
  readonly wanted: string;
  readonly found: string;
} {
  const file = join(checkout, 'docs', `${task}.md`);
  const definition = readDocumentedTask(join(checkout, 'tasks', task));
  const found = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return { file, found, wanted: withTables(found, definition) };
}

if (process.argv[1] === import.meta.filename) {
  for (const task of taskNames()) {
    const { file, wanted, found } = pageOf(task);
    if (wanted !== found) writeFileSync(file, wanted);
    console.log(`docs/${task}.md ${wanted === found ? 'is up to date' : 'was written'}`);
  }
}
