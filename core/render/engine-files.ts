import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';

/** What an engine sees as files: one folder of this machine, read-only, and files that exist in memory only. */
export interface EngineMounts {
  /** A folder of this machine, which the engine sees as `/src`. Absent: it sees no folder. */
  readonly root?: string;
  /** Files that the engine sees as `/input/<name>`. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

export type FileKind = 'directory' | 'file' | 'link' | 'other';

export interface FileStatus {
  readonly kind: FileKind;
  readonly size: bigint;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  readonly inode: bigint;
}

/** Why a file is refused, as WASI counts errors (wasi_snapshot_preview1, `errno`). */
export type FileRefusal = 'absent' | 'forbidden' | 'not-directory' | 'is-directory' | 'invalid' | 'failed';

export class FileError extends Error {
  override readonly name = 'FileError';
  readonly refusal: FileRefusal;

  constructor(refusal: FileRefusal) {
    super(refusal);
    this.refusal = refusal;
  }
}

export const sourcesMount = '/src';
const inputMount = '/input';

/**
 * The read-only tree that an engine is shown. Paths are the engine's: absolute, with forward slashes, without `..`.
 * A link is followed as long as it stays in the folder; where one leads out, the access is refused and remembered.
 */
export class EngineFiles {
  /** Links that lead out of the folder and were asked for, relative to it. */
  readonly escapes = new Set<string>();
  readonly #root: string | undefined;
  readonly #files: Readonly<Record<string, Uint8Array>>;

  constructor(mounts: EngineMounts) {
    this.#root = mounts.root === undefined ? undefined : realpathSync(mounts.root);
    this.#files = mounts.files ?? {};
  }

  status(path: string, options: { readonly follow: boolean }): FileStatus {
    const place = this.#place(path);
    switch (place.in) {
      case 'listing':
        return { kind: 'directory', size: 0n, modified: 0n, inode: 0n };
      case 'memory':
        return { kind: 'file', size: BigInt(place.content.length), modified: 0n, inode: 0n };
      case 'disk': {
        const host = options.follow ? this.#followed(place.path) : this.#parentFollowed(place.path);
        return attempt(() => statusOf((options.follow ? statSync : lstatSync)(host, { bigint: true })));
      }
    }
  }

  read(path: string): Uint8Array {
    const place = this.#place(path);
    if (place.in === 'listing') throw new FileError('is-directory');
    if (place.in === 'memory') return place.content;
    const host = this.#followed(place.path);
    return attempt(() => readFileSync(host));
  }

  list(path: string): readonly { readonly name: string; readonly kind: FileKind }[] {
    const place = this.#place(path);
    if (place.in === 'memory') throw new FileError('not-directory');
    if (place.in === 'listing') return place.entries;
    const host = this.#followed(place.path);
    const entries = attempt(() => readdirSync(host, { withFileTypes: true }));
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  }

  /** Where a link leads, as the engine sees it. */
  readLink(path: string): string {
    const place = this.#place(path);
    if (place.in !== 'disk') throw new FileError('invalid');
    const host = this.#parentFollowed(place.path);
    const target = attempt(() => readlinkSync(host));
    const absolute = resolve(host, '..', target);
    if (!this.#holds(absolute)) this.#escape(place.path);
    return isAbsolute(target) ? this.#guestPath(absolute) : target.split(sep).join('/');
  }

  #place(path: string): Place {
    if (path === '/') return listing([...(this.#root === undefined ? [] : ['src']), 'input'], 'directory');
    if (path === inputMount) return listing(Object.keys(this.#files), 'file');
    if (path.startsWith(`${inputMount}/`)) {
      const content = this.#files[path.slice(inputMount.length + 1)];
      if (content === undefined) throw new FileError('absent');
      return { in: 'memory', content };
    }
    if (this.#root === undefined || (path !== sourcesMount && !path.startsWith(`${sourcesMount}/`)))
      throw new FileError('absent');
    return { in: 'disk', path: join(this.#root, ...path.slice(sourcesMount.length).split('/')) };
  }

  #followed(path: string): string {
    const host = attempt(() => realpathSync(path));
    if (!this.#holds(host)) this.#escape(path);
    return host;
  }

  #parentFollowed(path: string): string {
    if (path === this.#root) return path;
    return join(this.#followed(join(path, '..')), path.slice(path.lastIndexOf(sep) + 1));
  }

  #holds(path: string): boolean {
    return path === this.#root || path.startsWith(`${this.#root ?? ''}${sep}`);
  }

  #escape(path: string): never {
    this.escapes.add(
      relative(this.#root ?? '', path)
        .split(sep)
        .join('/'),
    );
    throw new FileError('forbidden');
  }

  #guestPath(path: string): string {
    const inside = relative(this.#root ?? '', path)
      .split(sep)
      .join('/');
    return inside === '' ? sourcesMount : `${sourcesMount}/${inside}`;
  }
}

type Place =
  | {
      readonly in: 'listing';
      readonly entries: readonly { readonly name: string; readonly kind: FileKind }[];
    }
  | { readonly in: 'memory'; readonly content: Uint8Array }
  | { readonly in: 'disk'; readonly path: string };

function listing(names: readonly string[], kind: FileKind): Place {
  return { in: 'listing', entries: names.map((name) => ({ name, kind })) };
}

function statusOf(status: BigIntStats): FileStatus {
  return { kind: kindOf(status), size: status.size, modified: status.mtimeNs, inode: status.ino };
}

function kindOf(entry: { isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean }): FileKind {
  if (entry.isDirectory()) return 'directory';
  if (entry.isFile()) return 'file';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

function attempt<Result>(access: () => Result): Result {
  try {
    return access();
  } catch (error) {
    throw new FileError(refusals[(error as NodeJS.ErrnoException).code ?? ''] ?? 'failed');
  }
}

const refusals: Readonly<Record<string, FileRefusal>> = {
  ENOENT: 'absent',
  ENOTDIR: 'not-directory',
  EISDIR: 'is-directory',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  ELOOP: 'forbidden',
  EINVAL: 'invalid',
};
