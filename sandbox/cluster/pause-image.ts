import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

/** Imported into nodes, never pulled. */
export const pauseImage = 'aks-delivery.local/pause:1';

/** Writes a Docker archive (`docker save`) of an image with one file, /pause, as `ctr images import` reads it. */
export async function writePauseImage(binary: string, reference: string, target: string): Promise<void> {
  const layer = tar([{ name: 'pause', mode: 0o755, content: await readFile(binary) }]);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Entrypoint: ['/pause'], User: '65535:65535' },
      rootfs: { type: 'layers', diff_ids: [digest(layer)] },
      history: [{ created_by: 'aks-delivery sandbox' }],
    }),
  );
  const configName = `${digest(config).slice('sha256:'.length)}.json`;
  const manifest = [{ Config: configName, RepoTags: [reference], Layers: ['layer.tar'] }];
  await writeFile(
    target,
    tar([
      { name: 'layer.tar', mode: 0o644, content: layer },
      { name: configName, mode: 0o644, content: config },
      { name: 'manifest.json', mode: 0o644, content: Buffer.from(JSON.stringify(manifest)) },
    ]),
  );
}

interface File {
  readonly name: string;
  readonly mode: number;
  readonly content: Buffer;
}

/** POSIX ustar: names under 100 bytes, owner root, time zero. */
function tar(files: readonly File[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { name, mode, content } of files) {
    const header = Buffer.alloc(512);
    const octal = (value: number, length: number): string =>
      `${value.toString(8).padStart(length - 1, '0')}\0`;
    header.write(name, 0, 100);
    header.write(octal(mode, 8), 100);
    header.write(octal(0, 8), 108);
    header.write(octal(0, 8), 116);
    header.write(octal(content.length, 12), 124);
    header.write(octal(0, 12), 136);
    header.write('        ', 148);
    header.write('0', 156);
    header.write('ustar\x0000', 257);
    let sum = 0;
    for (const byte of header) sum += byte;
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function digest(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
