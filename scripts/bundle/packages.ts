import { readFile } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** A package that went into a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as its package.json says. */
  readonly license: string;
  /** The text of its licence file, undefined when it has none. */
  readonly licenseText: string | undefined;
}

const packageRoot = /^((?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/**
 * Packages that may be bundled from several places, and why: stateless code of different majors, required by
 * different dependencies.
 */
const harmless: ReadonlySet<string> = new Set([]);

export function findDuplicates(metafile: Metafile): { name: string; roots: string[] }[] {
  const roots = new Map<string, Set<string>>();
  for (const file of Object.keys(metafile.inputs)) {
    const [, root, name] = packageRoot.exec(file) ?? [];
    if (root === undefined || name === undefined || harmless.has(name)) continue;
    roots.set(name, (roots.get(name) ?? new Set()).add(root));
  }
  return [...roots]
    .filter(([, places]) => places.size > 1)
    .map(([name, places]) => ({ name, roots: [...places].sort() }));
}

/** The packages of a bundle, by name and version. */
export async function readPackages(metafile: Metafile, checkout: string): Promise<readonly BundledPackage[]> {
  const used = new Set<string>();
  for (const output of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
      const root = bytesInOutput > 0 ? packageRoot.exec(file)?.[1] : undefined;
      if (root !== undefined) used.add(root);
    }
  }
  const packages = await Promise.all([...used].map((root) => readPackage(join(checkout, root))));
  return packages.sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

async function readPackage(directory: string): Promise<BundledPackage> {
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string | { type?: string };
  };
  const license = typeof manifest.license === 'string' ? manifest.license : manifest.license?.type;
  const file = (await readdir(directory)).sort().find((each) => /^(licen[cs]e|copying)(\.|$|-)/i.test(each));
  return {
    name: manifest.name,
    version: manifest.version,
    license: license ?? 'NOASSERTION',
    licenseText: file === undefined ? undefined : await readFile(join(directory, file), 'utf8'),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
