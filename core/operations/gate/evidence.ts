import type { Registry } from '../../clients/registry/registry.ts';
import { bundleMediaType, formatBundle } from '../../model/attestation.ts';
import { mediaTypes, type Descriptor, type ManifestContent } from '../../model/descriptor.ts';
import { digestOf, shortDigest, type Digest } from '../../model/digest.ts';
import { signEnvelope, type Signer } from '../../model/dsse.ts';
import { DeliveryError } from '../../model/errors.ts';
import { defined } from '../../model/json.ts';
import { placeOf } from '../../model/place.ts';
import type { Log } from '../../model/ports.ts';
import { formatReference } from '../../model/reference.ts';
import type { GateEvidence, GateVerdict, Release } from '../../model/release.ts';
import { formatStatement, statementMediaType, testResultType } from '../../model/statement.ts';

export interface EvidenceTools {
  readonly registry: (host: string) => Registry;
  /** Undefined: the evidence is kept, and is not signed. */
  readonly signer: Signer | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Puts the verdict beside the images that it is about: an in-toto statement, signed or labelled as unsigned, attached to
 * each image as a referrer in the repository that the environment pulls from. promote-image carries it along.
 * @throws DeliveryError when a registry does not have the image or does not take the evidence
 */
export async function attachEvidence(
  release: Release,
  verdict: GateVerdict,
  tools: EvidenceTools,
): Promise<GateEvidence> {
  const { signer, log } = tools;
  const places = new Map(
    release.images.map((image) => [image.name, placeOf(release, image, verdict.environment)]),
  );
  const statement = formatStatement(release, verdict, (image) => places.get(image)?.repository);
  const artifact = await artifactOf(statement, signer);
  log.phase('Evidence');
  const attached = await Promise.all(
    [...places].map(async ([image, place]) => {
      const { registry: host, path } = place.repository;
      const registry = tools.registry(host);
      const subject = await registry.resolve(path, place.digest, tools.signal);
      if (subject === undefined) {
        throw new DeliveryError(
          'ImageNotFound',
          `${formatReference(place)} is not there to attach evidence to`,
          {
            hint: 'The release record says that the image is pulled from there: was it deleted?',
          },
        );
      }
      const referrer = referrerOf(subject, artifact, verdict);
      await registry.putBlob(path, emptyConfig, emptyBytes, tools.signal);
      await registry.putBlob(path, artifact.layer, artifact.bytes, tools.signal);
      const { digest } = referrer.descriptor;
      const { listsReferrer } = await registry.putManifest(path, digest, referrer, tools.signal);
      if (!listsReferrer) {
        await registry.addReferrers(path, place.digest, [referrer.descriptor], { signal: tools.signal });
      }
      log.line(`${image}: ${signer === undefined ? 'unsigned' : 'signed'} evidence ${shortDigest(digest)}`);
      return { image, repository: place.repository, manifest: digest };
    }),
  );
  if (signer === undefined) {
    log.warning(
      'The evidence is not signed: promotion and deployment do not believe it unless they are told to.',
    );
  }
  return defined({ keyId: signer?.keyId, attached });
}

interface Artifact {
  readonly type: string;
  readonly layer: Descriptor;
  readonly bytes: Uint8Array;
}

const emptyBytes = Buffer.from('{}');
const emptyConfig: Descriptor = describe(mediaTypes.ociEmpty, emptyBytes);

async function artifactOf(statement: Uint8Array, signer: Signer | undefined): Promise<Artifact> {
  if (signer === undefined) {
    return { type: statementMediaType, layer: describe(statementMediaType, statement), bytes: statement };
  }
  const bytes = formatBundle(await signEnvelope(statementMediaType, statement, signer), signer.keyId);
  return { type: bundleMediaType, layer: describe(bundleMediaType, bytes), bytes };
}

/** The manifest as cosign 3 writes it for an attestation (image-spec, manifest.md, "Guidelines for Artifact Usage"). */
function referrerOf(subject: Descriptor, artifact: Artifact, verdict: GateVerdict): ManifestContent {
  const annotations = {
    'org.opencontainers.image.created': verdict.finishedAt,
    'dev.sigstore.bundle.content': 'dsse-envelope',
    'dev.sigstore.bundle.predicateType': testResultType,
    // For people who list referrers; nobody decides by them.
    'aks-delivery.gate': verdict.gate,
    'aks-delivery.environment': verdict.environment,
    'aks-delivery.verdict': verdict.verdict,
    'aks-delivery.signed': String(artifact.type === bundleMediaType),
  };
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: artifact.type,
    config: emptyConfig,
    layers: [artifact.layer],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const descriptor = { ...describe(mediaTypes.ociManifest, bytes), artifactType: artifact.type, annotations };
  return { descriptor, bytes };
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor & { readonly digest: Digest } {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
