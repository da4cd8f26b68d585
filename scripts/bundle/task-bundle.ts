import { copyFile, cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build, type BuildOptions, type Message, type Metafile } from 'esbuild';
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
    // One byte a character and no indentation: node holds the whole text in memory as long as the task runs.
    charset: 'ascii',
    minifyWhitespace: true,
    metafile: true,
    logLevel: 'silent',
    // ES modules that ask where they are get the bundle's own place.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  };
}

/** What goes into a task's folder besides its code. */
export interface BundleExtras {
  /** Name in the task's folder -> a folder whose path changes with its contents: copied as it is. */
  readonly folders?: Readonly<Record<string, string>>;
}

/**
 * Bundles the task whose source folder holds index.ts and task.json into `<outputs>/<name>`, unless nothing that went
 * into it has changed. The source map lands beside the tasks, not in them: `<outputs>/../maps/<name>.js.map`.
 * @throws Error a package that arrives from two places, the agent's SDK imported outside core/host, or anything that
 *   esbuild warns of
 */
export async function bundleTask(
  name: string,
  source: string,
  outputs: string,
  extras: BundleExtras = {},
): Promise<TaskBundle> {
  const beside = resolve(checkout, outputs, '..');
  const directory = resolve(checkout, outputs, name);
  const stamp = join(beside, 'stamps', `${name}.json`);
  const wanted = options(source, directory);
  const recipe = JSON.stringify([wanted, extras]);
  const fresh = existsSync(join(directory, 'index.js')) ? await isFresh(stamp, recipe) : undefined;
  if (fresh !== undefined) return { name, directory, built: false, size: fresh };

  const { metafile, outputFiles, warnings } = await build({ ...wanted, metafile: true, write: false });
  refuseWarnings(name, warnings);
  refuseDuplicates(name, metafile);
  refuseForeignSdk(metafile);
  const code = outputFiles.find(({ path }) => path.endsWith('.js'))?.contents ?? new Uint8Array();
  const map = outputFiles.find(({ path }) => path.endsWith('.map'))?.contents ?? new Uint8Array();
  const packages = await readPackages(metafile, checkout);
  const companions = ['task.json', 'icon.png'].map((file) => resolve(checkout, source, file));

  // Made aside and moved into place, so that whoever looks meanwhile finds a whole task.
  const aside = `${directory}.${process.pid}`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  await writeFile(join(aside, 'index.js'), code);
  // Node looks upwards for what a .js file is; wherever an agent unpacks the task, this is what it finds first.
  await writeFile(join(aside, 'package.json'), '{ "type": "commonjs" }\n');
  await writeFile(join(aside, 'ThirdPartyNotices.txt'), thirdPartyNotices(packages));
  await writeFile(join(aside, 'bom.cdx.json'), billOfMaterials(name, packages));
  for (const file of companions) if (existsSync(file)) await copyFile(file, join(aside, basename(file)));
  for (const [folder, from] of Object.entries(extras.folders ?? {})) {
    await cp(from, join(aside, folder), { recursive: true });
  }
  await rm(directory, { recursive: true, force: true });
  await rename(aside, directory);
  await mkdir(join(beside, 'maps'), { recursive: true });
  await writeFile(join(beside, 'maps', `${name}.js.map`), map);
  await writeStamp(stamp, recipe, code.length, [...Object.keys(metafile.inputs), ...companions]);
  return { name, directory, built: true, size: code.length };
}

/** A warning is a defect that waits: an `import.meta` that will be empty, a comparison that never holds. */
function refuseWarnings(name: string, warnings: readonly Message[]): void {
  if (warnings.length === 0) return;
  const list = warnings.map(
    ({ text, location }) => `  ${location?.file ?? ''}:${location?.line ?? ''} ${text}`,
  );
  throw new Error(`esbuild warns of ${name}:\n${list.join('\n')}`);
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
