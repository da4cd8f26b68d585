import { parseDigest, type Digest } from './digest.ts';
import { DeliveryError } from './errors.ts';
import { defined, Reader } from './json.ts';
import { units, type Series } from './measured.ts';
import {
  digestReference,
  formatRepository,
  parseRepository,
  sameRepository,
  type DigestReference,
  type Repository,
} from './reference.ts';

/**
 * The release record, `release.json`: what a release consists of, and all that has happened to it. The four tasks read
 * it and extend it; none takes anything away. Its JSON form is described by release.schema.json beside this file.
 */
export interface Release {
  readonly schemaVersion: typeof schemaVersion;
  /** How people call it: a version or a build number. */
  readonly name: string;
  /** RFC 3339, UTC, as all times here. */
  readonly createdAt: string;
  readonly source?: Source;
  /** The run that made the images. */
  readonly run?: Run;
  readonly images: readonly ReleaseImage[];
  readonly promotions: readonly Promotion[];
  readonly deployments: readonly Deployment[];
  readonly verdicts: readonly GateVerdict[];
  readonly overrides?: readonly Override[];
}

export interface Source {
  /** A URL. */
  readonly repository?: string;
  readonly branch?: string;
  readonly commit?: string;
}

/** A pipeline run, with the link that shows it. */
export interface Run {
  readonly id: string;
  readonly pipeline?: string;
  /** The build number. */
  readonly number?: string;
  readonly url?: string;
}

export interface ReleaseImage {
  /** The name of the component; unique within the release. */
  readonly name: string;
  /** The reference that the author gave, before it was resolved. */
  readonly source: string;
  readonly repository: Repository;
  readonly digest: Digest;
  readonly mediaType: string;
  /** All bytes behind the digest: manifests, configurations and layers, each counted once. */
  readonly size: number;
  /** `linux/amd64`, `linux/arm64/v8`. */
  readonly platforms: readonly string[];
  readonly createdAt?: string;
  readonly commit?: string;
  readonly version?: string;
  readonly run?: Run;
}

export interface Promotion {
  /** The component's name. */
  readonly image: string;
  readonly digest: Digest;
  readonly from: Repository;
  readonly to: Repository;
  readonly tags: readonly string[];
  readonly method: 'copy' | 'import';
  /** What was sent to the target; zero for what it had already. */
  readonly bytes: number;
  readonly at: string;
  readonly run?: Run;
}

export type Action = 'created' | 'configured' | 'unchanged' | 'skipped' | 'deleted';

export interface DeployedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly action: Action;
}

export interface Deployment {
  readonly environment: string;
  /** The cluster's name, or its address where it has none. */
  readonly cluster: string;
  readonly namespace?: string;
  readonly strategy: 'rolling' | 'canary' | 'blueGreen';
  readonly images: readonly DeployedImage[];
  readonly objects: readonly DeployedObject[];
  readonly outcome: 'succeeded' | 'failed' | 'rolledBack';
  /** Why it did not succeed, in one line. */
  readonly reason?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly run?: Run;
}

export interface DeployedImage {
  readonly image: string;
  readonly repository: Repository;
  readonly digest: Digest;
  /** What ran there before, as the cluster said; absent when nothing did. */
  readonly previous?: Digest;
}

export type Verdict = 'passed' | 'failed' | 'inconclusive';

export interface CheckResult {
  readonly name: string;
  readonly kind: string;
  readonly verdict: Verdict;
  /** An advisory check is shown and does not decide. */
  readonly required: boolean;
  /** Why, in one line. */
  readonly reason: string;
  readonly measurements: number;
  /** What was measured, for charts. */
  readonly series?: readonly Series[];
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface GateVerdict {
  readonly gate: string;
  readonly environment: string;
  readonly verdict: Verdict;
  /** Why, in one line. */
  readonly reason: string;
  /** The images that were judged. */
  readonly images: readonly { readonly image: string; readonly digest: Digest }[];
  readonly checks: readonly CheckResult[];
  /** Where the verdict lies beside the images, for whoever must not take this record's word for it. */
  readonly evidence?: GateEvidence;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly run?: Run;
}

export interface GateEvidence {
  /** SHA-256 of the signer's public key, in hexadecimal; absent when nobody signed. */
  readonly keyId?: string;
  readonly attached: readonly {
    readonly image: string;
    readonly repository: Repository;
    /** The referrer. */
    readonly manifest: Digest;
  }[];
}

/** Somebody went on without the evidence that was required. */
export interface Override {
  readonly gate: string;
  readonly environment: string;
  readonly reason: string;
  /** Who asked for the run. */
  readonly by?: string;
  /** What it went on to: "promotion", "deployment to production". */
  readonly action: string;
  /** What was missing, a line each. */
  readonly missing: readonly string[];
  readonly at: string;
  readonly run?: Run;
}

export const schemaVersion = 1;

/**
 * Reads a release record.
 * @param name how messages call the document, for example its path
 * @throws DeliveryError `ReleaseInvalid`, naming the field
 */
export function parseRelease(text: string, name = 'release.json'): Release {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new DeliveryError('ReleaseInvalid', `${name} is not JSON`, {
      hint: 'Give the release.json that resolve-artifact wrote, unchanged.',
      cause: error,
    });
  }
  const reader = Reader.of(document, name, 'ReleaseInvalid');
  const version = reader.count('schemaVersion');
  if (version !== schemaVersion) {
    throw new DeliveryError(
      'ReleaseInvalid',
      `${name} has schema version ${version}; this task reads ${schemaVersion}`,
      {
        hint: 'Use tasks of the same extension version in every stage that handles the release.',
      },
    );
  }
  const release: Release = defined({
    schemaVersion: schemaVersion,
    name: reader.string('name'),
    createdAt: reader.time('createdAt'),
    source: reader.optionalObject('source', readSource),
    run: reader.optionalObject('run', readRun),
    images: reader.list('images', readImage),
    promotions: reader.list('promotions', readPromotion),
    deployments: reader.list('deployments', readDeployment),
    verdicts: reader.list('verdicts', readVerdict),
    overrides: reader.optionalList('overrides', readOverride),
  });
  checkImages(release, name);
  return release;
}

/** The record as text: indented, keys in a fixed order, with a final newline. */
export function formatRelease(release: Release): string {
  return `${JSON.stringify(toJson(release), undefined, 2)}\n`;
}

/** @throws DeliveryError `ReleaseImageUnknown` */
export function imageNamed(release: Release, name: string): ReleaseImage {
  const found = release.images.find((image) => image.name === name);
  if (found !== undefined) return found;
  throw new DeliveryError('ReleaseImageUnknown', `release ${release.name} has no image named "${name}"`, {
    hint: `It has ${release.images.map((image) => image.name).join(', ')}.`,
  });
}

/** Every repository that is recorded to hold the image: where it was resolved, then where it was promoted to. */
export function locationsOf(release: Release, image: ReleaseImage): readonly Repository[] {
  const promoted = release.promotions
    .filter((promotion) => promotion.image === image.name && promotion.digest === image.digest)
    .map((promotion) => promotion.to);
  return [image.repository, ...promoted].filter(
    (repository, index, all) => all.findIndex((other) => sameRepository(other, repository)) === index,
  );
}

/** The image's immutable reference in the registry where it was resolved. */
export function referenceOf(image: ReleaseImage): DigestReference {
  return digestReference(image.repository, image.digest);
}

export function withPromotions(release: Release, promotions: readonly Promotion[]): Release {
  return { ...release, promotions: [...release.promotions, ...promotions] };
}

export function withDeployment(release: Release, deployment: Deployment): Release {
  return { ...release, deployments: [...release.deployments, deployment] };
}

export function withVerdict(release: Release, verdict: GateVerdict): Release {
  return { ...release, verdicts: [...release.verdicts, verdict] };
}

export function withOverrides(release: Release, overrides: readonly Override[]): Release {
  if (overrides.length === 0) return release;
  return { ...release, overrides: [...(release.overrides ?? []), ...overrides] };
}

function checkImages(release: Release, name: string): void {
  if (release.images.length === 0) {
    throw new DeliveryError('ReleaseInvalid', `${name}.images is empty: a release holds at least one image`);
  }
  const seen = new Set<string>();
  for (const image of release.images) {
    if (seen.has(image.name)) {
      throw new DeliveryError('ReleaseInvalid', `${name}.images has two images named "${image.name}"`);
    }
    seen.add(image.name);
  }
}

function readSource(reader: Reader): Source {
  return defined({
    repository: reader.optionalString('repository'),
    branch: reader.optionalString('branch'),
    commit: reader.optionalString('commit'),
  });
}

function readRun(reader: Reader): Run {
  return defined({
    id: reader.string('id'),
    pipeline: reader.optionalString('pipeline'),
    number: reader.optionalString('number'),
    url: reader.optionalString('url'),
  });
}

function readImage(reader: Reader): ReleaseImage {
  return defined({
    name: reader.string('name'),
    source: reader.string('source'),
    repository: reader.parsed('repository', parseRepository),
    digest: reader.parsed('digest', parseDigest),
    mediaType: reader.string('mediaType'),
    size: reader.count('size'),
    platforms: reader.strings('platforms'),
    createdAt: reader.optionalString('createdAt'),
    commit: reader.optionalString('commit'),
    version: reader.optionalString('version'),
    run: reader.optionalObject('run', readRun),
  });
}

function readPromotion(reader: Reader): Promotion {
  return defined({
    image: reader.string('image'),
    digest: reader.parsed('digest', parseDigest),
    from: reader.parsed('from', parseRepository),
    to: reader.parsed('to', parseRepository),
    tags: reader.strings('tags'),
    method: reader.oneOf('method', ['copy', 'import']),
    bytes: reader.count('bytes'),
    at: reader.time('at'),
    run: reader.optionalObject('run', readRun),
  });
}

function readDeployment(reader: Reader): Deployment {
  return defined({
    environment: reader.string('environment'),
    cluster: reader.string('cluster'),
    namespace: reader.optionalString('namespace'),
    strategy: reader.oneOf('strategy', ['rolling', 'canary', 'blueGreen']),
    images: reader.list('images', (image) =>
      defined({
        image: image.string('image'),
        repository: image.parsed('repository', parseRepository),
        digest: image.parsed('digest', parseDigest),
        previous: image.optionalParsed('previous', parseDigest),
      }),
    ),
    objects: reader.list('objects', readObject),
    outcome: reader.oneOf('outcome', ['succeeded', 'failed', 'rolledBack']),
    reason: reader.optionalString('reason'),
    startedAt: reader.time('startedAt'),
    finishedAt: reader.time('finishedAt'),
    run: reader.optionalObject('run', readRun),
  });
}

function readObject(reader: Reader): DeployedObject {
  return defined({
    apiVersion: reader.string('apiVersion'),
    kind: reader.string('kind'),
    namespace: reader.optionalString('namespace'),
    name: reader.string('name'),
    action: reader.oneOf('action', ['created', 'configured', 'unchanged', 'skipped', 'deleted']),
  });
}

function readVerdict(reader: Reader): GateVerdict {
  const verdicts = ['passed', 'failed', 'inconclusive'] as const;
  return defined({
    gate: reader.string('gate'),
    environment: reader.string('environment'),
    verdict: reader.oneOf('verdict', verdicts),
    reason: reader.string('reason'),
    images: reader.list('images', (image) => ({
      image: image.string('image'),
      digest: image.parsed('digest', parseDigest),
    })),
    checks: reader.list('checks', (check) =>
      defined({
        name: check.string('name'),
        kind: check.string('kind'),
        verdict: check.oneOf('verdict', verdicts),
        required: check.boolean('required'),
        reason: check.string('reason'),
        measurements: check.count('measurements'),
        series: check.optionalList('series', readSeries),
        startedAt: check.time('startedAt'),
        finishedAt: check.time('finishedAt'),
      }),
    ),
    evidence: reader.optionalObject('evidence', readEvidence),
    startedAt: reader.time('startedAt'),
    finishedAt: reader.time('finishedAt'),
    run: reader.optionalObject('run', readRun),
  });
}

function readEvidence(reader: Reader): GateEvidence {
  return defined({
    keyId: reader.optionalString('keyId'),
    attached: reader.list('attached', (attached) => ({
      image: attached.string('image'),
      repository: attached.parsed('repository', parseRepository),
      manifest: attached.parsed('manifest', parseDigest),
    })),
  });
}

function readOverride(reader: Reader): Override {
  return defined({
    gate: reader.string('gate'),
    environment: reader.string('environment'),
    reason: reader.string('reason'),
    by: reader.optionalString('by'),
    action: reader.string('action'),
    missing: reader.strings('missing'),
    at: reader.time('at'),
    run: reader.optionalObject('run', readRun),
  });
}

function readSeries(reader: Reader): Series {
  return defined({
    name: reader.string('name'),
    unit: reader.oneOf('unit', units),
    limit: reader.optionalNumber('limit'),
    points: reader.numbers('points'),
  });
}

/** Repositories are text in JSON; everything else already has its JSON form. */
function toJson(release: Release): unknown {
  return {
    ...release,
    images: release.images.map((image) => ({ ...image, repository: formatRepository(image.repository) })),
    promotions: release.promotions.map((promotion) => ({
      ...promotion,
      from: formatRepository(promotion.from),
      to: formatRepository(promotion.to),
    })),
    deployments: release.deployments.map((deployment) => ({
      ...deployment,
      images: deployment.images.map((image) => ({
        ...image,
        repository: formatRepository(image.repository),
      })),
    })),
    verdicts: release.verdicts.map((verdict) =>
      verdict.evidence === undefined
        ? verdict
        : {
            ...verdict,
            evidence: { ...verdict.evidence, attached: verdict.evidence.attached.map(writeAttached) },
          },
    ),
  };
}

function writeAttached(attached: GateEvidence['attached'][number]): unknown {
  return { ...attached, repository: formatRepository(attached.repository) };
}
