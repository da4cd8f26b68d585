import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/**
 * Reads what a Distribution registry has stored, in the layout of its filesystem driver
 * (https://github.com/distribution/distribution, registry/storage/paths.go). The files are the truth, so nothing here
 * can disagree with the registry, and a restart loses nothing.
 */
export class RegistryStorage {
  readonly directory: string;
  readonly #root: string;

  constructor(directory: string) {
    this.directory = directory;
    this.#root = join(directory, 'docker', 'registry', 'v2');
  }

  /** Repository names, sorted: those that hold at least one manifest. */
  async repositories(): Promise<string[]> {
    const found: string[] = [];
    const walk = async (directory: string, name: string): Promise<void> => {
      for (const entry of await entriesOf(directory)) {
        if (!entry.isDirectory() || entry.name.startsWith('_')) continue;
        const child = name === '' ? entry.name : `${name}/${entry.name}`;
        if ((await this.manifests(child)).length > 0) found.push(child);
        await walk(join(directory, entry.name), child);
      }
    };
    await walk(join(this.#root, 'repositories'), '');
    return found.sort();
  }

  /** Digests of every manifest of the repository, tagged or not. */
  async manifests(repository: string): Promise<string[]> {
    const revisions = join(this.#repository(repository), '_manifests', 'revisions');
    const digests: string[] = [];
    for (const algorithm of await entriesOf(revisions)) {
      for (const { name } of await entriesOf(join(revisions, algorithm.name))) {
        // A deleted manifest leaves its directory behind without the link.
        const link = join(revisions, algorithm.name, name, 'link');
        if ((await timeOf(link)) !== undefined) digests.push(`${algorithm.name}:${name}`);
      }
    }
    return digests.sort();
  }

  /** Tag to digest, sorted by tag. */
  async tags(repository: string): Promise<Map<string, string>> {
    const directory = join(this.#repository(repository), '_manifests', 'tags');
    const names = (await entriesOf(directory)).map(({ name }) => name).sort();
    const tags = new Map<string, string>();
    for (const name of names) {
      const digest = await this.tag(repository, name);
      if (digest !== undefined) tags.set(name, digest);
    }
    return tags;
  }

  async tag(repository: string, name: string): Promise<string | undefined> {
    return textOf(join(this.#repository(repository), '_manifests', 'tags', name, 'current', 'link'));
  }

  /** The manifest as it was pushed; undefined when the repository has none of that digest. */
  async manifest(repository: string, digest: string): Promise<Buffer | undefined> {
    const [algorithm = '', hex = ''] = digest.split(':');
    const link = join(this.#repository(repository), '_manifests', 'revisions', algorithm, hex, 'link');
    if ((await timeOf(link)) === undefined) return undefined;
    return unlessAbsent(readFile(join(this.#root, 'blobs', algorithm, hex.slice(0, 2), hex, 'data')));
  }

  async manifestTime(repository: string, digest: string): Promise<Date | undefined> {
    const [algorithm = '', hex = ''] = digest.split(':');
    return timeOf(join(this.#repository(repository), '_manifests', 'revisions', algorithm, hex, 'link'));
  }

  async tagTime(repository: string, name: string): Promise<Date | undefined> {
    return timeOf(join(this.#repository(repository), '_manifests', 'tags', name, 'current', 'link'));
  }

  /** Distribution cannot delete a repository over HTTP; its manual says to remove the directory. */
  async deleteRepository(repository: string): Promise<void> {
    await rm(this.#repository(repository), { recursive: true, force: true });
  }

  /** The path of every stored file with the SHA-256 of its content: equal trees are byte-identical registries. */
  async digestTree(): Promise<Map<string, string>> {
    const tree = new Map<string, string>();
    const walk = async (directory: string): Promise<void> => {
      for (const entry of await entriesOf(directory)) {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) {
          await walk(path);
        } else {
          const hash = createHash('sha256')
            .update(await readFile(path))
            .digest('hex');
          tree.set(relative(this.directory, path).split(sep).join('/'), hash);
        }
      }
    };
    await walk(this.directory);
    return new Map([...tree].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  #repository(name: string): string {
    if (
      name.split('/').some((part) => part === '' || part === '.' || part === '..' || part.startsWith('_'))
    ) {
      throw new Error(`not a repository name: ${name}`);
    }
    return join(this.#root, 'repositories', ...name.split('/'));
  }
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  return (await unlessAbsent(readdir(directory, { withFileTypes: true }))) ?? [];
}

async function textOf(file: string): Promise<string | undefined> {
  return unlessAbsent(readFile(file, 'utf8'));
}

async function timeOf(file: string): Promise<Date | undefined> {
  return (await unlessAbsent(stat(file)))?.mtime;
}

/** The registry deletes while we read: what is gone is undefined, every other failure is one. */
async function unlessAbsent<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
}
