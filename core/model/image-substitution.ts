import { DeliveryError, isDeliveryError } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';
import { formatObject, groupOf, type KubernetesObject } from './kubernetes-object.ts';
import type { ManifestObject } from './manifest-object.ts';
import { changeAt, podSpecPath } from './pod-template.ts';
import { formatReference, parseImage, type Reference, type Repository } from './reference.ts';

/** An image that is to be deployed: wherever a manifest names one of `paths`, `reference` takes its place. */
export interface WantedImage {
  /** How messages call it: the component of the release, or the entry of the input. */
  readonly name: string;
  readonly reference: Reference;
  /** Repository paths, without registry, by which manifests may call it. */
  readonly paths: readonly string[];
}

/** One image of one manifest that was put in place of another. */
export interface Replacement {
  readonly image: string;
  readonly object: string;
  /** `spec.template.spec.containers[0].image` */
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

export interface SubstitutionOptions {
  /** Repository paths, or `*`, whose images may stay on a tag. */
  readonly allowUnpinned?: readonly string[];
  /** Fields of custom resources that hold images. */
  readonly imageFields?: readonly ImageField[];
}

/** `Kind.group: spec.path[*].image`, parsed. */
export interface ImageField {
  readonly kind: string;
  readonly group: string;
  /** `*` stands for every item of a list. */
  readonly path: readonly string[];
}

export interface Substitution {
  readonly manifests: readonly ManifestObject[];
  readonly replacements: readonly Replacement[];
}

/**
 * Puts the wanted images into the manifests, matched by the parsed repository path and never by text, so that a registry's
 * port, a tag or another registry make no difference.
 * @throws DeliveryError `ImageUnmatched` when a wanted image is in no manifest, `ImageUnpinned` when a manifest's image is
 *   left on a tag, `ManifestInvalid` for an image that is none
 */
export function substituteImages(
  manifests: readonly ManifestObject[],
  wanted: readonly WantedImage[],
  options: SubstitutionOptions = {},
): Substitution {
  const byPath = new Map(wanted.flatMap((image) => image.paths.map((path) => [path, image] as const)));
  const used = new Set<string>();
  const replacements: Replacement[] = [];
  const unpinned: string[] = [];

  const result = manifests.map((manifest) => {
    const visit: Visit = (text, field) => {
      const reference = parsed(text, manifest, field);
      const match = byPath.get(reference.repository.path) ?? byPath.get(unqualified(text, reference));
      if (match === undefined) {
        if (reference.kind === 'tag' && !isAllowed(reference.repository, options.allowUnpinned ?? [])) {
          unpinned.push(`${text} in ${formatObject(manifest.object)} (${manifest.origin}, ${field})`);
        }
        return text;
      }
      used.add(match.name);
      const to = formatReference(match.reference);
      replacements.push({ image: match.name, object: formatObject(manifest.object), field, from: text, to });
      return to;
    };
    const object = withImages(manifest.object, visit, options.imageFields ?? []);
    return object === manifest.object ? manifest : { ...manifest, object };
  });

  refuseUnmatched(wanted, used);
  refuseUnpinned(unpinned, wanted);
  return { manifests: result, replacements };
}

/** Parses `Kind.group: path.to[*].image` (an empty group is written without its dot). @throws DeliveryError `InputInvalid` */
export function parseImageField(text: string): ImageField {
  const match = /^([A-Za-z0-9]+)(?:\.([a-z0-9.-]+))?\s*:\s*([^\s:]+)$/.exec(text);
  const [, kind, group, path] = match ?? [];
  if (kind === undefined || path === undefined) {
    throw new DeliveryError('InputInvalid', `"${text}" names no field of a kind`, {
      hint: 'Write it as Kind.group: path.to.image, as in Application.example.com: spec.components[*].image',
    });
  }
  const steps = path
    .replaceAll('[*]', '.*')
    .split('.')
    .filter((step) => step !== '');
  return { kind, group: group ?? '', path: steps };
}

type Visit = (image: string, field: string) => string;

function withImages(object: KubernetesObject, visit: Visit, fields: readonly ImageField[]): KubernetesObject {
  const path = podSpecPath(object.kind);
  let result = object;
  if (path !== undefined) {
    result = changeAt(result, path, (spec) => podSpecWithImages(spec, path.join('.'), visit));
  }
  for (const field of fields) {
    if (field.kind !== object.kind || field.group !== groupOf(object.apiVersion)) continue;
    result = changeText(result, field.path, '', visit) as KubernetesObject;
  }
  return result;
}

function podSpecWithImages(spec: JsonObject, at: string, visit: Visit): JsonObject {
  let result = spec;
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    result = changeText(result, [list, '*', 'image'], at, visit) as JsonObject;
  }
  // Image volumes (KEP-4639) name an image like a container does.
  return changeText(result, ['volumes', '*', 'image', 'reference'], at, visit) as JsonObject;
}

/** A container without an image is left as it is: server-side apply allows manifests of some fields only. */
function changeText(value: unknown, path: readonly string[], at: string, visit: Visit): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return typeof value === 'string' ? visit(value, at) : value;
  if (step === '*') {
    if (!Array.isArray(value)) return value;
    const items = value as readonly unknown[];
    const next = items.map((item, index) => changeText(item, rest, `${at}[${index}]`, visit));
    return next.every((item, index) => item === items[index]) ? value : next;
  }
  if (!isObject(value) || !(step in value)) return value;
  const next = changeText(value[step], rest, at === '' ? step : `${at}.${step}`, visit);
  return next === value[step] ? value : { ...value, [step]: next };
}

/** `web:1` is Docker Hub's `library/web` to a runtime; as a placeholder in a manifest it is simply `web`. */
function unqualified(text: string, reference: Reference): string {
  return text.includes('/') ? '' : reference.repository.path.replace(/^library\//, '');
}

function parsed(text: string, manifest: ManifestObject, field: string): Reference {
  try {
    return parseImage(text.trim());
  } catch (error) {
    if (!isDeliveryError(error)) throw error;
    throw new DeliveryError(
      'ManifestInvalid',
      `${manifest.origin}: ${field} of ${formatObject(manifest.object)}: ${error.message}`,
      {
        hint: 'Write an image reference there, as in contoso.azurecr.io/shop/web:1.2.0.',
        cause: error,
      },
    );
  }
}

function isAllowed(repository: Repository, allowed: readonly string[]): boolean {
  return allowed.some(
    (entry) =>
      entry === '*' ||
      entry === repository.path ||
      `library/${entry}` === repository.path ||
      entry === `${repository.registry}/${repository.path}`,
  );
}

function refuseUnmatched(wanted: readonly WantedImage[], used: ReadonlySet<string>): void {
  const unused = wanted.filter((image) => !used.has(image.name));
  if (unused.length === 0) return;
  const names = unused.map((image) => `${image.name} (${image.paths.join(' or ')})`).join(', ');
  throw new DeliveryError(
    'ImageUnmatched',
    `no manifest uses the image${unused.length === 1 ? '' : 's'} ${names}`,
    {
      hint: 'Use the repository path in a manifest file (any registry, any tag), or name the images that this deployment carries in "images".',
    },
  );
}

function refuseUnpinned(unpinned: readonly string[], wanted: readonly WantedImage[]): void {
  if (unpinned.length === 0) return;
  const has =
    wanted.length === 0 ? 'no image' : wanted.map((image) => image.paths[0] ?? image.name).join(', ');
  throw new DeliveryError(
    'ImageUnpinned',
    `the release lacks ${unpinned.length === 1 ? 'an image' : `${unpinned.length} images`} that the manifest files name by tag: ${unpinned.slice(0, 5).join('; ')}${unpinned.length > 5 ? '; ...' : ''}`,
    {
      hint: `The release has ${has}. Correct the repository path, pin the image by digest (@sha256:...), or allow it by name in "allowUnpinned".`,
    },
  );
}
