import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { tar } from './tar.ts';

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

function digest(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
