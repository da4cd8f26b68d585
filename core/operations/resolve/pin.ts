import { shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { formatRepository } from '../../model/reference.ts';
import type { ImageRequest, RangeReference, ResolveTools } from './request.ts';

/** What a request stands for at this moment. */
export interface Pin {
  readonly digest: Digest;
  /** Undefined when the author named the digest alone. */
  readonly tag: string | undefined;
}

/** Finds the digest that a tag, a range of versions or a digest means now. */
export async function pin(image: ImageRequest, tools: ResolveTools): Promise<Pin> {
  const { at } = image;
  switch (at.kind) {
    case 'digest':
      if (at.tag !== undefined) await requireTag(image, at.tag, at.digest, tools);
      return { digest: at.digest, tag: at.tag };
    case 'tag':
      return { digest: await digestOfTag(image, at.tag, tools), tag: at.tag };
    case 'range': {
      const tag = await tagInRange(image, at, tools);
      return { digest: await digestOfTag(image, tag, tools), tag };
    }
  }
}

/**
 * Makes sure that the tag did not move while the image behind it was read.
 * @throws DeliveryError `TagConflict`
 */
export async function requireStill(image: ImageRequest, pinned: Pin, tools: ResolveTools): Promise<void> {
  if (pinned.tag === undefined) return;
  const { repository } = image.at;
  const now = await tools.registry(repository.registry).resolve(repository.path, pinned.tag, tools.signal);
  if (now?.digest === pinned.digest) return;
  throw new DeliveryError(
    'TagConflict',
    `${image.name}: the tag ${pinned.tag} ${now === undefined ? 'went away' : `moved from ${shortDigest(pinned.digest)} to ${shortDigest(now.digest)}`} while it was being resolved`,
    {
      hint: 'Another build pushes the same tag. Give each build a tag of its own, for example $(Build.BuildNumber).',
    },
  );
}

async function requireTag(
  image: ImageRequest,
  tag: string,
  digest: Digest,
  tools: ResolveTools,
): Promise<void> {
  const found = await digestOfTag(image, tag, tools);
  if (found === digest) return;
  throw new DeliveryError(
    'TagConflict',
    `${image.name}: the tag ${tag} is ${shortDigest(found)}, not ${shortDigest(digest)} as ${image.text} says`,
    { hint: 'Leave the tag out to take the digest as it is, or correct one of the two.' },
  );
}

async function digestOfTag(image: ImageRequest, tag: string, tools: ResolveTools): Promise<Digest> {
  const { repository } = image.at;
  const found = await tools.registry(repository.registry).resolve(repository.path, tag, tools.signal);
  if (found !== undefined) return found.digest;
  throw new DeliveryError(
    'ImageNotFound',
    `${image.name}: ${formatRepository(repository)}:${tag} does not exist`,
    {
      hint: 'Check the tag and the repository, and that the build that pushes it ran before.',
    },
  );
}

async function tagInRange(image: ImageRequest, at: RangeReference, tools: ResolveTools): Promise<string> {
  const { registry, path } = at.repository;
  const list = await tools.registry(registry).tags(path, undefined, tools.signal);
  const tags = list?.tags ?? [];
  const chosen = at.choose(tags);
  if (chosen !== undefined) return chosen;
  throw new DeliveryError(
    'ImageNotFound',
    `${image.name}: none of the ${tags.length} tags of ${formatRepository(at.repository)} is a version in the range ${at.range}`,
    {
      hint: 'Tags count when they are versions, as in 1.4.2 or v1.4.2; pre-releases only where the range names one.',
    },
  );
}
