import type { AcrRegistry } from './acr-registry.ts';
import type { Exchange } from './exchange.ts';

interface Manifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: { readonly mediaType?: string };
  readonly subject?: { readonly digest?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Referrer {
  readonly mediaType: string | undefined;
  readonly digest: string;
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations?: Readonly<Record<string, string>>;
}

// Content-addressed, so never stale: what was parsed once is kept.
const parsed = new Map<string, { subject: string | undefined; referrer: Referrer }>();

/**
 * The referrers API, which ACR has and Distribution has not (OCI distribution specification, "Listing Referrers").
 * The stored manifests are the index: nothing can be missing from it, however the manifest came in.
 */
export async function listReferrers(
  exchange: Exchange,
  registry: AcrRegistry,
  repository: string,
  subject: string,
): Promise<void> {
  const artifactType = exchange.query.get('artifactType');
  const manifests: Referrer[] = [];
  for (const digest of await registry.storage.manifests(repository)) {
    const known = await read(registry, repository, digest);
    if (known?.subject !== subject) continue;
    if (artifactType !== null && known.referrer.artifactType !== artifactType) continue;
    manifests.push(known.referrer);
  }
  const start = Number(exchange.query.get('start') ?? 0);
  const end = start + registry.settings.referrersPageSize;
  if (end < manifests.length) {
    const query = new URLSearchParams({
      ...(artifactType === null ? {} : { artifactType }),
      start: String(end),
    });
    exchange.response.setHeader('link', `<${exchange.path}?${query.toString()}>; rel="next"`);
  }
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  await exchange.json(
    200,
    { schemaVersion: 2, mediaType, manifests: manifests.slice(start, end) },
    {
      'content-type': mediaType,
      ...(artifactType === null ? {} : { 'oci-filters-applied': 'artifactType' }),
    },
  );
}

/** The subject that a manifest names; undefined when it names none. */
export function subjectOf(bytes: Buffer): string | undefined {
  return parse(bytes)?.subject?.digest;
}

async function read(
  registry: AcrRegistry,
  repository: string,
  digest: string,
): Promise<{ subject: string | undefined; referrer: Referrer } | undefined> {
  const known = parsed.get(digest);
  if (known !== undefined) return known;
  const bytes = await registry.storage.manifest(repository, digest);
  const manifest = bytes === undefined ? undefined : parse(bytes);
  if (bytes === undefined || manifest === undefined) return undefined;
  const entry = {
    subject: manifest.subject?.digest,
    referrer: {
      mediaType: manifest.mediaType,
      digest,
      size: bytes.length,
      artifactType: manifest.artifactType ?? manifest.config?.mediaType,
      ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
    },
  };
  parsed.set(digest, entry);
  return entry;
}

function parse(bytes: Buffer): Manifest | undefined {
  try {
    return JSON.parse(bytes.toString()) as Manifest;
  } catch {
    return undefined;
  }
}
