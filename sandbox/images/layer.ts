import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import { digestOf, type Blob } from './blob.ts';

/** What is at one path of an image's file system. Modes are octal, `0o644` for files when left out. */
export type Entry =
  | { readonly content: string | Uint8Array; readonly mode?: number }
  /** Read from this machine. */
  | { readonly file: string; readonly mode?: number }
  /** A symbolic link to this target. */
  | { readonly link: string }
  | { readonly directory: true; readonly mode?: number };

/** Path in the image, without a leading slash, to what is there. */
export type LayerFiles = Readonly<Record<string, Entry>>;

/** A compressed layer, and the digest of its uncompressed tar as the image's configuration lists it. */
export interface Layer extends Blob {
  readonly diffId: string;
}

// Equal files make equal bytes: no time, no owner, sorted paths.
const epoch = new Date(0);

/** Packs files into a layer. The same files give the same digest on every machine of one zlib version. */
export async function buildLayer(files: LayerFiles): Promise<Layer> {
  const archive = pack();
  const bytes = collect(archive);
  for (const path of withParents(Object.keys(files))) {
    await add(archive, path, files[path] ?? { directory: true });
  }
  archive.finalize();
  const tar = await bytes;
  const content = gzipSync(tar, { level: 6 });
  // RFC 1952: the operating system that packed it. "Unknown", or digests would differ from machine to machine.
  content.writeUInt8(255, 9);
  return {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digestOf(content),
    size: content.length,
    content,
    diffId: digestOf(tar),
  };
}

async function add(archive: Pack, path: string, entry: Entry): Promise<void> {
  const owner = { uid: 0, gid: 0, mtime: epoch };
  if ('directory' in entry) {
    archive.entry({ name: `${path}/`, type: 'directory', mode: entry.mode ?? 0o755, ...owner });
  } else if ('link' in entry) {
    archive.entry({ name: path, type: 'symlink', linkname: entry.link, mode: 0o777, ...owner });
  } else {
    const content = Buffer.from('file' in entry ? await readFile(entry.file) : entry.content);
    archive.entry({ name: path, size: content.length, mode: entry.mode ?? 0o644, ...owner }, content);
  }
}

/** Every path with the folders above it, sorted: parents come first. */
function withParents(paths: readonly string[]): string[] {
  const all = new Set(paths);
  for (const path of paths) {
    const parts = path.split('/');
    for (let end = 1; end < parts.length; end += 1) all.add(parts.slice(0, end).join('/'));
  }
  return [...all].sort();
}

function collect(archive: Pack): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    archive.on('data', (chunk) => {
      chunks.push(Buffer.from(chunk as Uint8Array));
    });
    archive.once('error', reject);
    archive.once('end', () => {
      resolve(Buffer.concat(chunks));
    });
  });
}
