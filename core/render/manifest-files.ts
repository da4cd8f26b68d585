import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { DeliveryError, messageOf } from '../model/errors.ts';
import type { ManifestObject } from '../model/manifest-object.ts';
import { globRoot, globToRegExp, isGlob } from './glob.ts';
import { readManifest, refuseDuplicates } from './manifest-objects.ts';

const endings = /\.(?:ya?ml|json)$/i;

/**
 * The objects of all files that the patterns name: files, folders (with all below them) and globs; `!` leaves out.
 * @throws DeliveryError `FileNotFound` for a pattern that names nothing, `InputInvalid` for a URL, `ManifestInvalid`
 */
export async function readManifestFiles(
  patterns: readonly string[],
  workingDirectory: string,
): Promise<readonly ManifestObject[]> {
  const files = await findManifestFiles(patterns, workingDirectory);
  const manifests: ManifestObject[] = [];
  for (const file of files) {
    const name = displayName(file, workingDirectory);
    manifests.push(...readManifest(await readText(file, name), name));
  }
  if (manifests.length === 0) {
    throw new DeliveryError('ManifestInvalid', `the manifest files hold no object: ${patterns.join(', ')}`, {
      hint: 'Point "manifests" at files with at least one Kubernetes object.',
    });
  }
  refuseDuplicates(manifests);
  return manifests;
}

/** Absolute paths, each once, in the order of the patterns and by name within each. */
export async function findManifestFiles(
  patterns: readonly string[],
  workingDirectory: string,
): Promise<readonly string[]> {
  const excluded = patterns
    .filter((pattern) => pattern.startsWith('!'))
    .map((pattern) => pattern.slice(1).trim());
  const refused = excluded.map((pattern) => globToRegExp(slashes(resolve(workingDirectory, pattern))));
  const found = new Set<string>();
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) continue;
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(pattern)) {
      throw new DeliveryError('InputInvalid', `"manifests" names a URL: ${pattern}`, {
        hint: 'Keep manifest files in the repository or an artifact: what is deployed must be what was reviewed.',
      });
    }
    const matches = await filesOf(isAbsolute(pattern) ? pattern : join(workingDirectory, pattern));
    if (matches.length === 0) {
      throw new DeliveryError(
        'FileNotFound',
        `"manifests" names no file: ${pattern} (in ${workingDirectory})`,
        {
          hint: 'Check the path, and that the job checks out the repository or downloads the artifact that holds it.',
        },
      );
    }
    for (const match of matches)
      if (!refused.some((refusal) => refusal.test(slashes(match)))) found.add(match);
  }
  return [...found];
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return [path];
  if (found?.isDirectory() === true) return (await below(path)).filter((file) => endings.test(file));
  const pattern = slashes(path);
  if (!isGlob(pattern)) return [];
  const expression = globToRegExp(pattern);
  const root = globRoot(pattern);
  return (await below(root === '' ? '.' : root)).filter((file) => expression.test(slashes(file)));
}

/** Links to folders are not followed: they may lead in circles or out of the sources. */
async function below(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== '.git' && entry.name !== 'node_modules') files.push(...(await below(path)));
    } else files.push(path);
  }
  return files;
}

async function readText(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new DeliveryError('FileNotFound', `${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function displayName(file: string, workingDirectory: string): string {
  const path = relative(workingDirectory, file);
  return slashes(path.startsWith('..') ? file : path);
}

function slashes(path: string): string {
  return path.split(sep).join('/');
}
