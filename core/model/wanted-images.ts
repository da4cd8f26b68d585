import { DeliveryError } from './errors.ts';
import type { WantedImage } from './image-substitution.ts';
import { digestReference, formatRepository, parseReference, type Repository } from './reference.ts';
import { imageNamed, locationsOf, type DeployedImage, type Release, type ReleaseImage } from './release.ts';

/** An image of the release and the registry that the cluster is to pull it from. */
export interface ChosenImage {
  readonly image: ReleaseImage;
  readonly repository: Repository;
}

/**
 * The images of the release that this deployment carries, each in the place that it is to be pulled from: the registry
 * that is asked for, else the place that it was promoted to last.
 * @param names the components; none means all
 * @throws DeliveryError `ReleaseImageUnknown`, `ImageNotFound` when an image was never promoted to that registry
 */
export function chooseImages(
  release: Release,
  names: readonly string[],
  registry: string | undefined,
): readonly ChosenImage[] {
  const images =
    names.length === 0 ? release.images : [...new Set(names)].map((name) => imageNamed(release, name));
  return images.map((image) => {
    const locations = locationsOf(release, image);
    const repository =
      registry === undefined
        ? locations.at(-1)
        : locations.find((location) => location.registry === registry);
    if (repository !== undefined) return { image, repository };
    throw new DeliveryError(
      'ImageNotFound',
      `release ${release.name} does not record that ${image.name} is in ${registry ?? 'any registry'}`,
      {
        hint: `Promote it there first (PromoteImage); it is in ${locations.map(formatRepository).join(', ')}.`,
      },
    );
  });
}

/** What takes the place of the images in the manifests. */
export function wantedFromRelease(release: Release, chosen: readonly ChosenImage[]): readonly WantedImage[] {
  return chosen.map(({ image, repository }) => ({
    name: image.name,
    reference: digestReference(repository, image.digest),
    paths: [...new Set(locationsOf(release, image).map(({ path }) => path))],
  }));
}

/**
 * Entries of the input `containers`: `registry/path@sha256:...`, as KubernetesManifest@1 has them.
 * @throws DeliveryError `ImageUnpinned` for an entry by tag that is not allowed by name
 */
export function wantedFromEntries(
  entries: readonly string[],
  allowUnpinned: readonly string[],
): readonly WantedImage[] {
  return entries.map((entry) => {
    const reference = parseReference(entry.trim());
    const { path } = reference.repository;
    if (reference.kind === 'tag' && !allowUnpinned.includes('*') && !allowUnpinned.includes(path)) {
      throw new DeliveryError('ImageUnpinned', `"containers" names ${entry} by tag`, {
        hint: 'Give it by digest (registry/path@sha256:...), or allow its repository path by name in "allowUnpinned".',
      });
    }
    return { name: path, reference, paths: [path] };
  });
}

/** As the record names them. */
export function deployedImages(chosen: readonly ChosenImage[]): readonly DeployedImage[] {
  return chosen.map(({ image, repository }) => ({ image: image.name, repository, digest: image.digest }));
}
