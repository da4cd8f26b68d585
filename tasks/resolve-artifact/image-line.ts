import semver from 'semver';
import { DeliveryError } from '../../core/model/errors.ts';
import { parseReference, parseRepository } from '../../core/model/reference.ts';
import type { ImageRequest, RangeReference } from '../../core/operations/resolve/request.ts';

const nameGrammar = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*=\s*(?=\S)/;

/**
 * One line of the images input: `name=repository:tag`, `name=repository@digest` or `name=repository range`, where the
 * name and the registry's host may be left out.
 * @param host of the service connection; undefined when there is none
 */
export function parseImageLine(line: string, host: string | undefined): ImageRequest {
  const named = nameGrammar.exec(line);
  const text = named === null ? line : line.slice(named[0].length);
  const space = text.search(/\s/);
  const at =
    space < 0
      ? parseReference(withHost(text, host, line))
      : rangeOf(withHost(text.slice(0, space), host, line), text.slice(space).trim(), line);
  const name = named?.[1] ?? at.repository.path.slice(at.repository.path.lastIndexOf('/') + 1);
  return { name, text, at };
}

/** @throws DeliveryError `InputInvalid` when two lines give one name */
export function parseImageLines(lines: readonly string[], host: string | undefined): readonly ImageRequest[] {
  const requests = lines.map((line) => parseImageLine(line, host));
  const seen = new Set<string>();
  for (const { name } of requests) {
    if (seen.has(name)) {
      throw new DeliveryError('InputInvalid', `images names "${name}" twice`, {
        hint: 'Begin each line with a name of its own, as in storefront=shop/storefront:1.2.0.',
      });
    }
    seen.add(name);
  }
  return requests;
}

function withHost(text: string, host: string | undefined, line: string): string {
  const first = text.includes('/') ? (text.split('/', 1)[0] ?? '') : '';
  if (/[.:]/.test(first) || first === 'localhost') return text;
  if (host !== undefined) return `${host}/${text}`;
  throw new DeliveryError(
    'InputInvalid',
    `images: "${line}" names no registry, and containerRegistry is blank`,
    {
      hint: 'Name a Docker registry service connection in containerRegistry, or write the host out, as in contoso.azurecr.io/shop/web:1.2.0.',
    },
  );
}

function rangeOf(repository: string, range: string, line: string): RangeReference {
  if (semver.validRange(range) === null) {
    throw new DeliveryError('InputInvalid', `images: "${range}" in "${line}" is not a range of versions`, {
      hint: 'Write repository:tag, repository@digest, or repository and a range, as in shop/web ^1.2.0.',
    });
  }
  return {
    kind: 'range',
    repository: parseRepository(repository),
    range,
    choose: (tags) => newest(tags, range),
  };
}

function newest(tags: readonly string[], range: string): string | undefined {
  let best: { readonly tag: string; readonly version: semver.SemVer } | undefined;
  for (const tag of tags) {
    // A tag cannot hold "+"; Helm writes "_" in its place.
    const version = semver.parse(tag.replace('_', '+'));
    if (version === null || !semver.satisfies(version, range)) continue;
    if (best === undefined || semver.compareBuild(version, best.version) > 0) best = { tag, version };
  }
  return best?.tag;
}
