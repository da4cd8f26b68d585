import { mediaTypes, type Descriptor, type ManifestContent } from '../../model/descriptor.ts';
import { algorithmOf, digestOf, hexOf } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { defined } from '../../model/json.ts';
import { parseManifest, referrerEntry } from '../../model/manifest-document.ts';
import { formatRepository } from '../../model/reference.ts';
import { ensureListed } from './referrer-list.ts';
import type { PromotionItem, PromotionRequest, PromotionTools } from './request.ts';
import type { SourceTree } from './source-tree.ts';

// in-toto attestation framework, "Statement v1"; the media type is the one that it registers for statements.
const statementType = 'https://in-toto.io/Statement/v1';
const mediaType = 'application/vnd.in-toto+json';
export const predicateType = 'urn:aks-delivery:promotion:v1';

const annotation = {
  predicate: 'in-toto.io/predicate-type',
  created: 'org.opencontainers.image.created',
  source: 'aks-delivery.promotion.source',
  tags: 'aks-delivery.promotion.tags',
} as const;

const emptyConfig = bytesAs(mediaTypes.ociEmpty, '{}');

/**
 * Attaches to the promoted image who promoted it from where, when and in which run. The same promotion is stated once,
 * however often it is run.
 */
export async function attachStatement(
  tree: SourceTree,
  method: 'copy' | 'import',
  request: PromotionRequest,
  tools: PromotionTools,
): Promise<void> {
  const { to, image } = tree.item;
  const registry = tools.registry(to.registry);
  const { signal } = tools;
  const subject = tree.graph.root.content.descriptor;
  const known = await registry.referrers(to.path, image.digest, { signal });
  if (known.some((entry) => isSame(entry, tree.item))) return;

  const at = new Date(tools.clock.now()).toISOString();
  const statement = bytesAs(mediaType, JSON.stringify(statementOf(tree.item, method, request, at)));
  const manifest = manifestOf(statement.descriptor, subject, tree.item, at);
  for (const { descriptor, bytes } of [emptyConfig, statement]) {
    await registry.putBlob(to.path, descriptor, bytes, signal);
  }
  await registry.putManifest(to.path, manifest.descriptor.digest, manifest, signal);
  const entry = referrerEntry(manifest, parseManifest(manifest, 'the promotion statement'));
  await ensureListed(to, image.digest, [entry], { signal }, tools);
}

/** True for what an identity that may only import cannot do: the promotion stands without its statement. */
export function isBeyondImport(error: unknown): boolean {
  return error instanceof DeliveryError && (error.code === 'Forbidden' || error.code === 'Unauthenticated');
}

function statementOf(
  { image, from, to, tags }: PromotionItem,
  method: 'copy' | 'import',
  { release, run }: PromotionRequest,
  at: string,
): unknown {
  const digest = { [algorithmOf(image.digest)]: hexOf(image.digest) };
  return {
    _type: statementType,
    subject: [{ name: formatRepository(to), digest }],
    predicateType,
    predicate: defined({
      source: { repository: formatRepository(from), digest },
      target: { repository: formatRepository(to), digest, tags },
      release: { name: release.name, image: image.name },
      method,
      run,
      promotedAt: at,
    }),
  };
}

function manifestOf(
  statement: Descriptor,
  subject: Descriptor,
  item: PromotionItem,
  at: string,
): ManifestContent {
  const { mediaType: type, digest, size } = subject;
  return bytesAs(
    mediaTypes.ociManifest,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: mediaType,
      config: emptyConfig.descriptor,
      layers: [statement],
      subject: { mediaType: type, digest, size },
      annotations: {
        [annotation.predicate]: predicateType,
        [annotation.created]: at,
        [annotation.source]: formatRepository(item.from),
        [annotation.tags]: item.tags.join(','),
      },
    }),
  );
}

function isSame(entry: Descriptor, { from, tags }: PromotionItem): boolean {
  return (
    entry.annotations?.[annotation.predicate] === predicateType &&
    entry.annotations[annotation.source] === formatRepository(from) &&
    entry.annotations[annotation.tags] === tags.join(',')
  );
}

function bytesAs(type: string, text: string): ManifestContent {
  const bytes = Buffer.from(text);
  return { descriptor: { mediaType: type, digest: digestOf(bytes), size: bytes.length }, bytes };
}
