import { isDigest, type Digest } from './digest.ts';
import { DeliveryError } from './errors.ts';

/** A repository of one registry: `contoso.azurecr.io` + `shop/web`. The registry may carry a port. */
export interface Repository {
  readonly registry: string;
  readonly path: string;
}

export interface TagReference {
  readonly kind: 'tag';
  readonly repository: Repository;
  readonly tag: string;
}

/** `tag` is what the author wrote beside the digest; the digest decides. */
export interface DigestReference {
  readonly kind: 'digest';
  readonly repository: Repository;
  readonly digest: Digest;
  readonly tag?: string;
}

export type Reference = TagReference | DigestReference;

// distribution/reference, "Grammar"; the path's total length is limited to 255 there too.
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const registryGrammar = new RegExp(
  `^(?:${domainComponent}(?:\\.${domainComponent})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`,
);
const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathGrammar = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

const dockerHub = 'docker.io';

/**
 * Parses `registry/path:tag`, `registry/path@digest` or `registry/path:tag@digest`. The registry must be written out:
 * no default registry is ever assumed for something that is about to be released.
 * @throws DeliveryError `ReferenceInvalid`
 */
export function parseReference(text: string): Reference {
  const parts = split(text);
  if (parts.registry === undefined) {
    throw invalid(
      text,
      'it names no registry',
      'Write the registry out, as in contoso.azurecr.io/shop/web:1.2.0.',
    );
  }
  const repository = { registry: parts.registry, path: parts.path };
  if (parts.digest !== undefined) return byDigest(repository, parts.digest, parts.tag);
  if (parts.tag !== undefined) return { kind: 'tag', repository, tag: parts.tag };
  throw invalid(
    text,
    'it has neither a tag nor a digest',
    'Add the tag, as in :1.2.0, or the digest, as in @sha256:....',
  );
}

/**
 * Parses a container's `image` as a container runtime does: without a registry it is Docker Hub's, without a tag and
 * digest it is `latest` (distribution/reference, "ParseNormalizedNamed").
 * @throws DeliveryError `ReferenceInvalid`
 */
export function parseImage(text: string): Reference {
  const parts = split(text);
  const repository =
    parts.registry === undefined || parts.registry === 'index.docker.io' || parts.registry === dockerHub
      ? { registry: dockerHub, path: parts.path.includes('/') ? parts.path : `library/${parts.path}` }
      : { registry: parts.registry, path: parts.path };
  if (parts.digest !== undefined) return byDigest(repository, parts.digest, parts.tag);
  return { kind: 'tag', repository, tag: parts.tag ?? 'latest' };
}

/** Parses `registry/path`, without tag and digest. @throws DeliveryError `ReferenceInvalid` */
export function parseRepository(text: string): Repository {
  const parts = split(text);
  if (parts.registry === undefined) {
    throw invalid(text, 'it names no registry', 'Write the registry out, as in contoso.azurecr.io/shop/web.');
  }
  if (parts.tag !== undefined || parts.digest !== undefined) {
    throw invalid(text, 'a repository has no tag and no digest', 'Leave off what follows the path.');
  }
  return { registry: parts.registry, path: parts.path };
}

/** @throws DeliveryError `ReferenceInvalid` */
export function parseTag(text: string): string {
  if (tagGrammar.test(text)) return text;
  throw new DeliveryError('ReferenceInvalid', `"${text}" is not a tag`, {
    hint: 'A tag is at most 128 letters, digits, "_", "." and "-", and begins with a letter, a digit or "_".',
  });
}

/** @throws DeliveryError `ReferenceInvalid` for anything but a host name or address, with or without a port. */
export function parseRegistry(text: string): string {
  if (isRegistry(text)) return text.toLowerCase();
  throw new DeliveryError('ReferenceInvalid', `"${text}" is not a registry`, {
    hint: 'A registry is a host name without a scheme and path, as in contoso.azurecr.io.',
  });
}

export function formatRepository(repository: Repository): string {
  return `${repository.registry}/${repository.path}`;
}

export function formatReference(reference: Reference): string {
  const name = formatRepository(reference.repository);
  switch (reference.kind) {
    case 'tag':
      return `${name}:${reference.tag}`;
    case 'digest':
      return `${name}${reference.tag === undefined ? '' : `:${reference.tag}`}@${reference.digest}`;
  }
}

export function sameRepository(one: Repository, other: Repository): boolean {
  return one.registry === other.registry && one.path === other.path;
}

/** The reference that can never mean anything else: the digest alone. */
export function digestReference(repository: Repository, digest: Digest): DigestReference {
  return { kind: 'digest', repository, digest };
}

interface Parts {
  readonly registry: string | undefined;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

function split(text: string): Parts {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  // Only a colon behind the last slash begins a tag: one before it belongs to the registry's port.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasRegistry =
    first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
  const path = hasRegistry ? name.slice(slash + 1) : name;

  if (hasRegistry && !isRegistry(first)) throw invalid(text, `"${first}" is not a registry's host name`);
  if (!pathGrammar.test(path) || path.length > 255) {
    throw invalid(
      text,
      `"${path}" is not a repository path`,
      'A path is lower-case letters, digits, ".", "_", "-" and "/".',
    );
  }
  if (tag !== undefined && !tagGrammar.test(tag)) throw invalid(text, `"${tag}" is not a tag`);
  if (digest !== undefined && !isDigest(digest)) throw invalid(text, `"${digest}" is not a digest`);
  return { registry: hasRegistry ? first.toLowerCase() : undefined, path, tag, digest };
}

function isRegistry(text: string): boolean {
  if (!registryGrammar.test(text)) return false;
  const port = /:(\d+)$/.exec(text)?.[1];
  return port === undefined || text.startsWith('[') || (Number(port) > 0 && Number(port) < 65536);
}

function byDigest(repository: Repository, digest: Digest, tag: string | undefined): DigestReference {
  return tag === undefined
    ? digestReference(repository, digest)
    : { ...digestReference(repository, digest), tag };
}

function invalid(text: string, why: string, hint?: string): DeliveryError {
  const message = `"${text}" is not an image reference: ${why}`;
  return new DeliveryError('ReferenceInvalid', message, {
    hint: hint ?? 'Write it as registry/path:tag or registry/path@digest.',
  });
}
