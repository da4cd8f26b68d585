import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tar } from '../../sandbox/cluster/tar.ts';

/** Pushes an image of one program as the only file, over the registry API, and answers the digest of its manifest. */
export async function pushTinyImage(
  registry: { readonly address: string; readonly caPem: string },
  repository: string,
  program: string,
): Promise<string> {
  const layer = tar([{ name: 'program', mode: 0o755, content: await readFile(program) }]);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Entrypoint: ['/program'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    }),
  );
  const send = (method: string, path: string, body: Buffer, type: string): Promise<string> =>
    exchange(registry, method, path, body, type);
  for (const blob of [layer, config]) {
    const location = await send('POST', `/v2/${repository}/blobs/uploads/`, Buffer.alloc(0), 'text/plain');
    const url = new URL(location, `https://${registry.address}`);
    url.searchParams.set('digest', digestOf(blob));
    await send('PUT', url.pathname + url.search, blob, 'application/octet-stream');
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
    }),
  );
  await send('PUT', `/v2/${repository}/manifests/${digestOf(manifest)}`, manifest, mediaType);
  return digestOf(manifest);
}

function descriptor(mediaType: string, content: Buffer): unknown {
  return { mediaType, digest: digestOf(content), size: content.length };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** The Location of the answer, or nothing; rejects anything but success. */
function exchange(
  registry: { readonly address: string; readonly caPem: string },
  method: string,
  path: string,
  body: Buffer,
  type: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    request(
      `https://${registry.address}${path}`,
      { method, ca: registry.caPem, headers: { 'content-type': type, 'content-length': body.length } },
      (answer) => {
        answer.resume().on('end', () => {
          const status = answer.statusCode ?? 0;
          if (status < 300) resolve(answer.headers.location ?? '');
          else reject(new Error(`${method} ${path}: HTTP ${status}`));
        });
      },
    )
      .on('error', reject)
      .end(body);
  });
}
