import { randomFillSync } from 'node:crypto';
import { FileError, type EngineFiles, type FileKind, type FileRefusal } from './engine-files.ts';
import { webAssembly, type Program } from './web-assembly.ts';

/** What the engine left behind when it ended. */
export interface EngineExit {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/**
 * The system that an engine runs on: the part of WASI preview 1 that Go's runtime asks for
 * (https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md). There is nothing in it to write a file with, to
 * start a program with or to reach a network with, which is why it is not node:wasi.
 */
export class EngineSystem {
  readonly #files: EngineFiles;
  readonly #environment: readonly string[];
  readonly #open = new Map<number, OpenFile>();
  readonly #written: Record<'output' | 'errors', Uint8Array[]> = { output: [], errors: [] };
  #memory: { readonly buffer: ArrayBuffer } = { buffer: new ArrayBuffer(0) };

  constructor(files: EngineFiles, input: Uint8Array, environment: Readonly<Record<string, string>>) {
    this.#files = files;
    this.#environment = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    this.#open.set(0, { kind: 'stream', content: input, at: 0 });
    this.#open.set(1, { kind: 'sink', to: 'output' });
    this.#open.set(2, { kind: 'sink', to: 'errors' });
    this.#open.set(3, { kind: 'directory', path: '/' });
  }

  async run(program: Program): Promise<EngineExit> {
    const { exports } = await webAssembly.instantiate(program, {
      wasi_snapshot_preview1: this.#imports(program),
    });
    this.#memory = exports['memory'] as { readonly buffer: ArrayBuffer };
    const code = exitCodeOf(exports['_start'] as () => void);
    return { code, output: textOf(this.#written.output), errors: textOf(this.#written.errors) };
  }

  /** Whatever the program imports and is not here answers "not supported". */
  #imports(program: Program): Record<string, SystemCall> {
    const calls: Record<string, SystemCall> = {};
    for (const { name } of webAssembly.Module.imports(program)) calls[name] = () => errno.unsupported;
    return { ...calls, ...this.#calls() };
  }

  #calls(): Record<string, SystemCall> {
    return {
      proc_exit: (code) => {
        throw new Exit(code as number);
      },
      sched_yield: () => errno.success,
      clock_time_get: (id, _precision, result) => {
        const now = id === 0 ? BigInt(Date.now()) * 1_000_000n : BigInt(Math.round(performance.now() * 1e6));
        this.#view().setBigUint64(result as number, now, true);
        return errno.success;
      },
      random_get: (at, length) => {
        randomFillSync(this.#bytes(at as number, length as number));
        return errno.success;
      },
      args_sizes_get: (count, size) => this.#sizes(['engine'], count as number, size as number),
      args_get: (pointers, buffer) => this.#strings(['engine'], pointers as number, buffer as number),
      environ_sizes_get: (count, size) => this.#sizes(this.#environment, count as number, size as number),
      environ_get: (pointers, buffer) =>
        this.#strings(this.#environment, pointers as number, buffer as number),
      poll_oneoff: (input, output, count, ready) =>
        this.#wait(input as number, output as number, count as number, ready as number),
      fd_prestat_get: (fd, result) => {
        if (fd !== 3) return errno.badFile;
        this.#view().setUint8(result as number, 0);
        this.#view().setUint32((result as number) + 4, 1, true);
        return errno.success;
      },
      fd_prestat_dir_name: (fd, buffer) => {
        if (fd !== 3) return errno.badFile;
        this.#bytes(buffer as number, 1)[0] = '/'.charCodeAt(0);
        return errno.success;
      },
      fd_close: (fd) => (this.#open.delete(fd as number) ? errno.success : errno.badFile),
      fd_fdstat_get: (fd, result) => {
        const file = this.#open.get(fd as number);
        if (file === undefined) return errno.badFile;
        this.#bytes(result as number, 24).fill(0);
        this.#view().setUint8(result as number, fileTypes[file.kind === 'directory' ? 'directory' : 'file']);
        // All rights: what may not be done is not here to be called.
        this.#view().setBigUint64((result as number) + 8, 0xffff_ffffn, true);
        this.#view().setBigUint64((result as number) + 16, 0xffff_ffffn, true);
        return errno.success;
      },
      fd_fdstat_set_flags: () => errno.success,
      fd_read: (fd, vectors, count, result) =>
        this.#read(fd as number, this.#vectors(vectors as number, count as number), result as number),
      fd_pread: (fd, vectors, count, offset, result) =>
        this.#read(
          fd as number,
          this.#vectors(vectors as number, count as number),
          result as number,
          Number(offset),
        ),
      fd_seek: (fd, offset, whence, result) =>
        this.#seek(fd as number, Number(offset), whence as number, result as number),
      fd_write: (fd, vectors, count, result) => {
        const file = this.#open.get(fd as number);
        if (file?.kind !== 'sink') return errno.readOnly;
        let written = 0;
        for (const bytes of this.#vectors(vectors as number, count as number)) {
          this.#written[file.to].push(bytes.slice());
          written += bytes.length;
        }
        this.#view().setUint32(result as number, written, true);
        return errno.success;
      },
      fd_filestat_get: (fd, result) => {
        const file = this.#open.get(fd as number);
        if (file === undefined) return errno.badFile;
        if (file.kind === 'sink' || file.kind === 'stream') return this.#status(undefined, result as number);
        return answering(() => this.#status(file.path, result as number));
      },
      fd_readdir: (fd, buffer, length, cookie, result) =>
        answering(() =>
          this.#readDirectory(
            fd as number,
            buffer as number,
            length as number,
            Number(cookie),
            result as number,
          ),
        ),
      path_filestat_get: (fd, flags, path, length, result) =>
        answering(() =>
          this.#status(this.#path(fd as number, path as number, length as number), result as number, {
            follow: ((flags as number) & 1) === 1,
          }),
        ),
      path_readlink: (fd, path, length, buffer, size, result) =>
        answering(() => {
          const target = this.#files.readLink(this.#path(fd as number, path as number, length as number));
          const bytes = Buffer.from(target).subarray(0, size as number);
          this.#bytes(buffer as number, bytes.length).set(bytes);
          this.#view().setUint32(result as number, bytes.length, true);
          return errno.success;
        }),
      path_open: (fd, _flags, path, length, openFlags, rights, _inheriting, _fdFlags, result) =>
        answering(() => {
          const created = ((openFlags as number) & (openFlag.create | openFlag.truncate)) !== 0;
          if (created || ((rights as bigint) & writeRight) !== 0n) return errno.readOnly;
          return this.#openFile(
            this.#path(fd as number, path as number, length as number),
            ((openFlags as number) & openFlag.directory) !== 0,
            result as number,
          );
        }),
      path_create_directory: () => errno.readOnly,
      path_remove_directory: () => errno.readOnly,
      path_unlink_file: () => errno.readOnly,
      path_symlink: () => errno.readOnly,
      fd_pwrite: () => errno.readOnly,
      fd_filestat_set_size: () => errno.readOnly,
      fd_sync: () => errno.success,
    };
  }

  #openFile(path: string, directoryWanted: boolean, result: number): number {
    const { kind } = this.#files.status(path, { follow: true });
    if (directoryWanted && kind !== 'directory') return errno.notDirectory;
    let fd = 4;
    while (this.#open.has(fd)) fd += 1;
    this.#open.set(
      fd,
      kind === 'directory'
        ? { kind: 'directory', path }
        : { kind: 'file', path, content: this.#files.read(path), at: 0 },
    );
    this.#view().setUint32(result, fd, true);
    return errno.success;
  }

  #read(fd: number, vectors: readonly Uint8Array[], result: number, offset?: number): number {
    const file = this.#open.get(fd);
    if (file === undefined) return errno.badFile;
    if (file.kind === 'directory') return errno.isDirectory;
    if (file.kind === 'sink') return errno.badFile;
    let at = offset ?? file.at;
    const from = at;
    for (const bytes of vectors) {
      const part = file.content.subarray(at, at + bytes.length);
      bytes.set(part);
      at += part.length;
    }
    if (offset === undefined) file.at = at;
    this.#view().setUint32(result, at - from, true);
    return errno.success;
  }

  #seek(fd: number, offset: number, whence: number, result: number): number {
    const file = this.#open.get(fd);
    if (file?.kind !== 'file') return errno.badFile;
    const from = whence === 0 ? 0 : whence === 1 ? file.at : file.content.length;
    if (from + offset < 0) return errno.invalid;
    file.at = from + offset;
    this.#view().setBigUint64(result, BigInt(file.at), true);
    return errno.success;
  }

  #readDirectory(fd: number, buffer: number, length: number, cookie: number, result: number): number {
    const directory = this.#open.get(fd);
    if (directory?.kind !== 'directory') return errno.notDirectory;
    directory.entries ??= this.#files.list(directory.path).map(entryOf);
    const written = Buffer.concat(directory.entries.slice(cookie)).subarray(0, length);
    this.#bytes(buffer, written.length).set(written);
    this.#view().setUint32(result, written.length, true);
    return errno.success;
  }

  #status(path: string | undefined, result: number, options = { follow: true }): number {
    const status = path === undefined ? undefined : this.#files.status(path, options);
    this.#bytes(result, 64).fill(0);
    const view = this.#view();
    view.setBigUint64(result + 8, status?.inode ?? 0n, true);
    view.setUint8(result + 16, fileTypes[status?.kind ?? 'other']);
    view.setBigUint64(result + 24, 1n, true);
    view.setBigUint64(result + 32, status?.size ?? 0n, true);
    for (const at of [40, 48, 56]) view.setBigUint64(result + at, status?.modified ?? 0n, true);
    return errno.success;
  }

  /** Sleeping and waiting: reads and writes never wait here, so only clocks do. */
  #wait(input: number, output: number, count: number, ready: number): number {
    const view = this.#view();
    const clocks: { readonly userdata: bigint; readonly nanoseconds: bigint }[] = [];
    let events = 0;
    const event = (userdata: bigint, type: number): void => {
      const at = output + events * 32;
      this.#bytes(at, 32).fill(0);
      view.setBigUint64(at, userdata, true);
      view.setUint8(at + 10, type);
      events += 1;
    };
    for (let index = 0; index < count; index += 1) {
      const at = input + index * 48;
      const userdata = view.getBigUint64(at, true);
      const type = view.getUint8(at + 8);
      if (type === 0) clocks.push({ userdata, nanoseconds: view.getBigUint64(at + 24, true) });
      else event(userdata, type);
    }
    const soonest = clocks.sort((one, other) => (one.nanoseconds < other.nanoseconds ? -1 : 1))[0];
    if (events === 0 && soonest !== undefined) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(soonest.nanoseconds) / 1e6);
      event(soonest.userdata, 0);
    }
    view.setUint32(ready, events, true);
    return errno.success;
  }

  #sizes(texts: readonly string[], count: number, size: number): number {
    this.#view().setUint32(count, texts.length, true);
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
    this.#view().setUint32(size, bytes, true);
    return errno.success;
  }

  #strings(texts: readonly string[], pointers: number, buffer: number): number {
    let at = buffer;
    for (const [index, text] of texts.entries()) {
      this.#view().setUint32(pointers + index * 4, at, true);
      const bytes = Buffer.from(`${text}\0`);
      this.#bytes(at, bytes.length).set(bytes);
      at += bytes.length;
    }
    return errno.success;
  }

  #vectors(at: number, count: number): Uint8Array[] {
    const view = this.#view();
    return Array.from({ length: count }, (_, index) =>
      this.#bytes(view.getUint32(at + index * 8, true), view.getUint32(at + index * 8 + 4, true)),
    );
  }

  #path(fd: number, at: number, length: number): string {
    const directory = this.#open.get(fd);
    if (directory?.kind !== 'directory') throw new FileError('not-directory');
    const path = Buffer.from(this.#bytes(at, length)).toString('utf8');
    const segments = `${directory.path}/${path}`
      .split('/')
      .filter((segment) => segment !== '' && segment !== '.');
    if (segments.includes('..')) throw new FileError('forbidden');
    return `/${segments.join('/')}`;
  }

  // The memory's buffer is another one each time it has grown, so nothing keeps one.
  #view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, length);
  }
}

type SystemCall = (...values: readonly (number | bigint)[]) => number;

type OpenFile =
  | { readonly kind: 'stream'; readonly content: Uint8Array; at: number }
  | { readonly kind: 'sink'; readonly to: 'output' | 'errors' }
  | { readonly kind: 'file'; readonly path: string; readonly content: Uint8Array; at: number }
  | { readonly kind: 'directory'; readonly path: string; entries?: Buffer[] };

class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super('the engine has ended');
    this.code = code;
  }
}

function exitCodeOf(start: () => void): number {
  try {
    start();
    return 0;
  } catch (thrown) {
    if (thrown instanceof Exit) return thrown.code;
    throw thrown;
  }
}

function answering(call: () => number): number {
  try {
    return call();
  } catch (error) {
    if (error instanceof FileError) return refusalCodes[error.refusal];
    throw error;
  }
}

function entryOf(entry: { readonly name: string; readonly kind: FileKind }, index: number): Buffer {
  const name = Buffer.from(entry.name);
  const bytes = Buffer.alloc(24 + name.length);
  bytes.writeBigUInt64LE(BigInt(index + 1), 0);
  bytes.writeUInt32LE(name.length, 16);
  bytes.writeUInt8(fileTypes[entry.kind], 20);
  name.copy(bytes, 24);
  return bytes;
}

function textOf(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('utf8');
}

const errno = {
  success: 0,
  forbidden: 2,
  badFile: 8,
  invalid: 28,
  failed: 29,
  isDirectory: 31,
  absent: 44,
  unsupported: 52,
  notDirectory: 54,
  readOnly: 69,
} as const;

const refusalCodes: Readonly<Record<FileRefusal, number>> = {
  absent: errno.absent,
  forbidden: errno.forbidden,
  'not-directory': errno.notDirectory,
  'is-directory': errno.isDirectory,
  invalid: errno.invalid,
  failed: errno.failed,
};

const fileTypes: Readonly<Record<FileKind, number>> = { other: 0, directory: 3, file: 4, link: 7 };
const openFlag = { create: 1, directory: 2, truncate: 8 } as const;
/** `fd_write` among the rights. */
const writeRight = 1n << 6n;
