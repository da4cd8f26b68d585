import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGo } from '../build/go.ts';
import { buildImage, type Image } from '../images/image.ts';
import { buildLayer, type Layer } from '../images/layer.ts';
import type { ServiceName } from '../names.ts';
import type { Progress } from '../progress.ts';

/** The sample application's sources. */
export const sources = fileURLToPath(new URL('../../pipelines/sample/services', import.meta.url));

const sourceUrl = 'https://dev.azure.com/contoso/shop/_git/shop';

/** A way to be broken that the services know (image.go). */
export type FaultMode = 'crash' | 'not-ready' | 'http-500';

export interface ServiceVersion {
  readonly version: string;
  readonly commit: string;
  /** Services that this version breaks on purpose. */
  readonly faults?: Partial<Readonly<Record<ServiceName, FaultMode>>>;
}

const faultMessages: Readonly<Record<FaultMode, string>> = {
  crash: 'cannot read configuration key "payments.endpoint"',
  'not-ready': 'waiting for the payment provider',
  'http-500': 'payment provider answered 503',
};

/** The one binary of all three services: as a layer for each platform of the images, and for this machine. */
export interface ServiceBinaries {
  readonly layers: Readonly<Record<(typeof architectures)[number], Layer>>;
  readonly local: string;
}

const architectures = ['amd64', 'arm64'] as const;

export async function buildServiceBinaries(progress: Progress): Promise<ServiceBinaries> {
  const build = (goos: string, goarch: string): Promise<string> =>
    buildGo({ module: sources, name: 'service', goos, goarch }, progress);
  const layer = async (goarch: string): Promise<Layer> =>
    buildLayer({ service: { file: await build('linux', goarch), mode: 0o755 } });
  const layers = { amd64: await layer('amd64'), arm64: await layer('arm64') };
  const goos = process.platform === 'win32' ? 'windows' : process.platform;
  return { layers, local: await build(goos, process.arch === 'x64' ? 'amd64' : process.arch) };
}

/** What an image holds beside the binary: the files of etc/service by name. */
export type Content = Readonly<Record<string, string>>;

export async function readContent(service: ServiceName, built: ServiceVersion): Promise<Content> {
  const folder = path.join(sources, service);
  const content: Record<string, string> = {};
  for (const name of await readdir(folder)) {
    const text = await readFile(path.join(folder, name), 'utf8');
    content[name] = text.replaceAll('@VERSION@', built.version).replaceAll('@COMMIT@', built.commit);
  }
  const fault = built.faults?.[service];
  if (fault !== undefined) {
    content['fault.json'] = `${JSON.stringify({ mode: fault, message: faultMessages[fault] })}\n`;
  }
  return content;
}

/** The image as the Dockerfile beside the sources makes it: a layer with the binary, and a small one with the rest. */
export async function buildServiceImage(
  service: ServiceName,
  { layers }: ServiceBinaries,
  content: Content,
  { version, commit }: ServiceVersion,
): Promise<Image> {
  const created = new Date();
  const files = await buildLayer(
    Object.fromEntries(
      Object.entries(content).map(([name, text]) => [`etc/service/${name}`, { content: text }]),
    ),
  );
  return buildImage({
    platforms: architectures.map((architecture) => ({
      os: 'linux',
      architecture,
      layers: [layers[architecture], files],
    })),
    config: { User: '65532:65532', Entrypoint: ['/service'], ExposedPorts: { '8080/tcp': {} } },
    labels: {
      'org.opencontainers.image.title': `shop ${service}`,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': commit,
      'org.opencontainers.image.source': sourceUrl,
      'org.opencontainers.image.created': created.toISOString(),
    },
    created,
  });
}

/** Writes the content as the image's root would hold it, for a process that stands in for a container. */
export async function unpackContent(folder: string, content: Content): Promise<void> {
  const etc = path.join(folder, 'etc/service');
  await rm(folder, { recursive: true, force: true });
  await mkdir(etc, { recursive: true });
  for (const [name, text] of Object.entries(content)) await writeFile(path.join(etc, name), text);
}
