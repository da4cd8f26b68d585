/** `npm run bench -- NAME`: measures us beside the tools that people use today; NAME is a file here. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const [name, ...rest] = process.argv.slice(2);
const file = join(import.meta.dirname, `${name ?? ''}.ts`);
if (name === undefined || !/^[a-z-]+$/.test(name) || name === 'index' || !existsSync(file)) {
  console.error('Which? npm run bench -- promote');
  process.exit(2);
}
const bench = (await import(file)) as { readonly run: (options: readonly string[]) => Promise<void> };
await bench.run(rest);
