import { nameForLog } from '../../model/azure-cloud.ts';
import { DeliveryError } from '../../model/errors.ts';
import { shortDigest } from '../../model/digest.ts';
import { createdAtOf, imageLabels, labelOf, type ImageFacts } from '../../model/image-facts.ts';
import { assessImage, type Finding } from '../../model/image-rules.ts';
import { defined } from '../../model/json.ts';
import { formatBytes } from '../../model/promotion-plan.ts';
import type { ReleaseImage } from '../../model/release.ts';
import { inspectImage } from './inspect.ts';
import { pin, requireStill } from './pin.ts';
import type { ImageRequest, ResolveRequest, ResolveTools } from './request.ts';

/** An image by digest, and what it says of itself. */
export interface ResolvedImage {
  readonly image: ReleaseImage;
  readonly facts: ImageFacts;
  /** The tag that stood for it; undefined when it was named by digest alone. */
  readonly tag: string | undefined;
}

/**
 * Names every image by digest, and holds them to the rules.
 * @throws DeliveryError with everything that breaks a rule, all images together
 */
export async function resolveImages(
  request: ResolveRequest,
  tools: ResolveTools,
): Promise<readonly ResolvedImage[]> {
  const { log } = tools;
  log.phase('Resolve');
  const resolved = await Promise.all(request.images.map((image) => resolveOne(image, tools)));
  for (const one of resolved) log.line(formatResolved(one));

  log.phase('Check');
  const now = tools.clock.now();
  const findings = resolved.flatMap(({ image, facts }) =>
    assessImage(facts, request.rules, now).map((finding) => ({ name: image.name, finding })),
  );
  refuse(findings, log);
  log.line(`${resolved.length} ${resolved.length === 1 ? 'image is' : 'images are'} as required`);
  return resolved;
}

async function resolveOne(request: ImageRequest, tools: ResolveTools): Promise<ResolvedImage> {
  const { repository } = request.at;
  const pinned = await pin(request, tools);
  const facts = await inspectImage(request.name, repository, pinned.digest, tools);
  await requireStill(request, pinned, tools);
  const image: ReleaseImage = defined({
    name: request.name,
    source: request.text,
    repository,
    digest: facts.digest,
    mediaType: facts.mediaType,
    size: facts.size,
    platforms: facts.platforms,
    createdAt: createdAtOf(facts),
    commit: labelOf(facts, imageLabels.revision),
    version: labelOf(facts, imageLabels.version),
  });
  return { image, facts, tag: pinned.tag };
}

function formatResolved({ image, facts, tag }: ResolvedImage): string {
  const parts = [
    image.platforms.join(' ') || 'no platform',
    formatBytes(image.size),
    ...(image.commit === undefined ? [] : [`commit ${image.commit.slice(0, 12)}`]),
    ...(facts.referrers === undefined || facts.referrers.length === 0
      ? []
      : [`${facts.referrers.length} referrers`]),
  ];
  const source = `${nameForLog(image.repository)}${tag === undefined ? '' : `:${tag}`}`;
  return `${image.name}: ${source} is ${shortDigest(image.digest)} (${parts.join(', ')})`;
}

function refuse(
  findings: readonly { readonly name: string; readonly finding: Finding }[],
  log: ResolveTools['log'],
): void {
  const [first] = findings;
  if (first === undefined) return;
  const lines = findings.map(({ name, finding }) => `${name}: ${finding.message}`);
  for (const line of lines) log.line(`not as required: ${line}`);
  const codes = new Set(findings.map(({ finding }) => finding.code));
  throw new DeliveryError(codes.size === 1 ? first.finding.code : 'ImageUnfit', lines.join('; '), {
    hint: 'Build the image so that it meets the requirement, or change the requirement in this task.',
  });
}
