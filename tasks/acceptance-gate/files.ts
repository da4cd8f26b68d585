import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { FilesDoor } from '../../core/operations/gate/tools.ts';

/** Result files are reports; a larger one is something else. */
const mostBytes = 64 * 1024 * 1024;

/** Files below the working directory by patterns: `*` within a name, `**` over folders. */
export function filesDoor(workingDirectory: string): FilesDoor {
  return {
    async find(patterns, since) {
      const found = new Set<string>();
      for (const pattern of patterns) {
        for (const path of await matching(workingDirectory, pattern)) found.add(path);
      }
      const files: { name: string; text: string }[] = [];
      for (const path of [...found].sort()) {
        const { mtimeMs, size } = await stat(path);
        // File systems keep times to the second or finer, and round down.
        if (since !== undefined && mtimeMs < since - 1_000) continue;
        if (size > mostBytes) throw new Error(`${path} has ${size} bytes, which is no test report`);
        files.push({ name: relative(workingDirectory, path), text: await readFile(path, 'utf8') });
      }
      return files;
    },
  };
}

async function matching(directory: string, pattern: string): Promise<readonly string[]> {
  const absolute = isAbsolute(pattern) ? pattern : resolve(directory, pattern);
  const parts = absolute.split(/[\\/]/);
  const fixed = parts.findIndex((part) => part.includes('*'));
  if (fixed < 0) return (await isFile(absolute)) ? [absolute] : [];
  const base = parts.slice(0, fixed).join(sep) || sep;
  const expression = expressionOf(parts.slice(fixed));
  return (await walk(base)).filter((path) => expression.test(relative(base, path).split(sep).join('/')));
}

function expressionOf(parts: readonly string[]): RegExp {
  const source = parts
    .map((part) =>
      part === '**'
        ? '(?:[^/]+/)*'
        : `${part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replace(/\*+/g, '[^/]*')}/`,
    )
    .join('')
    .replace(/\/$/, '');
  return new RegExp(`^${source.endsWith('(?:[^/]+/)*') ? `${source}[^/]+` : source}$`);
}

async function walk(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(
    entries.map(async (entry) => {
      const path = join(directory, entry.name);
      if (entry.isFile()) return [path];
      const isOwn = entry.name !== 'node_modules' && entry.name !== '.git';
      return entry.isDirectory() && isOwn ? walk(path) : [];
    }),
  );
  return nested.flat();
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
