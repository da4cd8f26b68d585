/** Bundles the four tasks: `npm run build`, or `npm run build -- aks-deploy` for some. See scripts/bundle. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './bundle/checkout.ts';
import { bundleTask, type BundleExtras, type TaskBundle } from './bundle/task-bundle.ts';
import { buildRenderer } from './renderer.ts';

export const taskOutputs = join(checkout, 'build/tasks');

/** The names of the tasks that have code, in order. */
export function taskNames(): readonly string[] {
  return readdirSync(join(checkout, 'tasks'))
    .filter((name) => existsSync(join(checkout, 'tasks', name, 'index.ts')))
    .sort();
}

export async function buildTasks(names: readonly string[] = taskNames()): Promise<readonly TaskBundle[]> {
  return Promise.all(
    names.map(async (name) => bundleTask(name, join('tasks', name), taskOutputs, await extrasOf(name))),
  );
}

/** aks-deploy renders with engines that are files beside it (core/render/engines.ts). */
async function extrasOf(name: string): Promise<BundleExtras> {
  return name === 'aks-deploy' ? { folders: { renderer: await buildRenderer() } } : {};
}

if (process.argv[1] === import.meta.filename) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !taskNames().includes(name));
  if (unknown.length > 0) {
    console.error(`No such task: ${unknown.join(', ')}. There are ${taskNames().join(', ')}.`);
    process.exit(1);
  }
  for (const { name, built, size } of await buildTasks(wanted.length > 0 ? wanted : taskNames())) {
    console.log(
      `${name.padEnd(20)} ${(size / 1024).toFixed(0).padStart(6)} KB  ${built ? 'built' : 'up to date'}`,
    );
  }
}
