import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { checkout } from './checkout.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { isFresh, writeStamp } from './freshness.ts';
import { thirdPartyNotices } from './notices.ts';
import { findDuplicates, readPackages } from './packages.ts';

export interface TaskBundle {
  /** The folder's name: "aks-deploy". */
  readonly name: string;
  /** What the agent runs: index.js, task.json and what goes with them. */
  readonly directory: string;
  /** False when nothing had changed since the last build. */
  readonly built: boolean;
  /** Bytes of index.js. */
  readonly size: number;
}

/**
 * One CommonJS file per task, for the older of the two handlers (Node 20). CommonJS because the agent starts
 * `node index.js`, and because requiring an ES module takes a newer Node 20 than `minimumAgentVersion` lets in.
 */
function options(source: string, output: string): BuildOptions {
  return {
    absWorkingDir: checkout,
    entryPoints: [join(source, 'index.ts')],
    outfile: join(output, 'index.js'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    keepNames: true,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    logLevel: 'silent',
    // ES modules that ask where they are get the bundle's own place.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  };
}

/**
 * Bundles the task whose source folder holds index.ts and task.json into `<outputs>/<name>`, unless nothing that went
 * into it has changed. The source map lands beside the tasks, not in them: `<outputs>/../maps/<name>.js.map`.
 * @throws Error a package that arrives from two places, or the agent's SDK imported outside core/host
 */
export async function bundleTask(name: string, source: string, outputs: string): Promise<TaskBundle> {
  const beside = resolve(checkout, outputs, '..');
  const directory = resolve(checkout, outputs, name);
  const stamp = join(beside, 'stamps', `${name}.json`);
  const wanted = options(source, directory);
  const fresh = existsSync(join(directory, 'index.js')) ? await isFresh(stamp, wanted) : undefined;
  if (fresh !== undefined) return { name, directory, built: false, size: fresh };

  const { metafile, outputFiles } = await build({ ...wanted, metafile: true, write: false });
  refuseDuplicates(name, metafile);
  refuseForeignSdk(metafile);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const maps = join(beside, 'maps');
  await mkdir(maps, { recursive: true });
  let size = 0;
  for (const file of outputFiles) {
    const isMap = file.path.endsWith('.map');
    if (!isMap) size = file.contents.length;
    await writeFile(isMap ? join(maps, `${name}.js.map`) : file.path, file.contents);
  }
  // Node looks upwards for what a .js file is; wherever an agent unpacks the task, this is what it finds first.
  await writeFile(join(directory, 'package.json'), '{ "type": "commonjs" }\n');
  const packages = await readPackages(metafile, checkout);
  await writeFile(join(directory, 'ThirdPartyNotices.txt'), thirdPartyNotices(packages));
  await writeFile(join(directory, 'bom.cdx.json'), billOfMaterials(name, packages));
  const companions = ['task.json', 'icon.png'].map((file) => resolve(checkout, source, file));
  for (const file of companions) if (existsSync(file)) await copyFile(file, join(directory, basename(file)));
  await writeStamp(stamp, wanted, size, [...Object.keys(metafile.inputs), ...companions]);
  return { name, directory, built: true, size };
}

/** Two copies of a package are two states: two vaults, two token caches, two classes that fail `instanceof`. */
function refuseDuplicates(name: string, metafile: Metafile): void {
  const duplicates = findDuplicates(metafile);
  if (duplicates.length === 0) return;
  const list = duplicates.map(({ name: duplicate, roots }) => `  ${duplicate}: ${roots.join(', ')}`);
  throw new Error(`${name} would bundle packages from more than one place:\n${list.join('\n')}`);
}

/** Importing the SDK empties process.env, so it happens in one place, once. */
function refuseForeignSdk(metafile: Metafile): void {
  for (const [file, input] of Object.entries(metafile.inputs)) {
    const importsSdk = input.imports.some((each) =>
      each.path.includes('node_modules/azure-pipelines-task-lib/'),
    );
    if (!importsSdk || file.includes('node_modules/') || file === 'core/host/sdk.ts') continue;
    throw new Error(`${file} imports azure-pipelines-task-lib; only core/host/sdk.ts may`);
  }
}
