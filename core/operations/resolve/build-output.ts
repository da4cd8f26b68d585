import { isDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { isObject } from '../../model/json.ts';
import { digestReference, formatReference, parseRepository } from '../../model/reference.ts';
import type { ImageRequest } from './request.ts';

interface Pushed {
  readonly repository: string;
  readonly digest: Digest;
}

/**
 * The images that a build says it pushed: what Docker@2 leaves in `DockerOutput` (docker push and buildx), and what
 * `az acr build` prints or returns.
 * @param name how messages call the text, for example its file
 * @throws DeliveryError `FileInvalid` when it names no pushed image
 */
export function parseBuildOutput(text: string, name: string): readonly ImageRequest[] {
  const pushed = [...fromJson(text), ...fromPush(text), ...fromBuildx(text)];
  const latest = new Map(pushed.map((one) => [one.repository, one]));
  if (latest.size === 0) {
    throw new DeliveryError('FileInvalid', `${name} does not say that an image was pushed`, {
      hint: 'Give the file of the step that pushes: $(DockerOutput) after Docker@2, or the output of az acr build.',
    });
  }
  return [...latest.values()].map(({ repository, digest }) => {
    const at = digestReference(parseRepository(repository), digest);
    const component = at.repository.path.slice(at.repository.path.lastIndexOf('/') + 1);
    return { name: component, text: formatReference(at), at };
  });
}

/** docker push: "The push refers to repository [R]", then "TAG: digest: D size: N". */
function fromPush(text: string): readonly Pushed[] {
  const found: Pushed[] = [];
  let repository: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    repository = /push refers to (?:a )?repository \[([^\]]+)\]/.exec(line)?.[1] ?? repository;
    const digest = /: digest: (\S+) size: \d+/.exec(line)?.[1];
    if (repository !== undefined && digest !== undefined && isDigest(digest))
      found.push({ repository, digest });
  }
  return found;
}

/** buildx: "pushing manifest for R:TAG@D". */
function fromBuildx(text: string): readonly Pushed[] {
  return [...text.matchAll(/pushing manifest for (\S+?)(?::[\w][\w.-]*)?@(sha\d+:[0-9a-f]+)/g)].flatMap(
    ([, repository = '', digest = '']) => (isDigest(digest) ? [{ repository, digest }] : []),
  );
}

/** The run of an ACR task: `outputImages: [{ registry, repository, tag, digest }]`. */
function fromJson(text: string): readonly Pushed[] {
  const start = text.indexOf('{');
  let document: unknown;
  try {
    document = JSON.parse(start < 0 ? '' : text.slice(start, text.lastIndexOf('}') + 1));
  } catch {
    return [];
  }
  const images = isObject(document) ? (document['outputImages'] ?? []) : [];
  return (Array.isArray(images) ? images : []).flatMap((image: unknown): readonly Pushed[] => {
    if (!isObject(image)) return [];
    const { registry, repository, digest } = image;
    const isWhole =
      typeof registry === 'string' && typeof repository === 'string' && typeof digest === 'string';
    return isWhole && isDigest(digest) ? [{ repository: `${registry}/${repository}`, digest }] : [];
  });
}
