import {
  artifactOf,
  imageOf,
  indexOf,
  randomLayer,
  type StoredImage,
} from '../../test/support/registries/stored-image.ts';

export interface Sample {
  readonly image: StoredImage;
  readonly attached?: readonly StoredImage[];
}

/** 10 layers of 20 MiB. */
export function bigImage(): StoredImage {
  return imageOf({ layers: Array.from({ length: 10 }, () => randomLayer(20 * 1024 * 1024)) });
}

/** 2 platforms of 20 layers of 64 KiB each, and 4 things attached to the index. */
export function platformImage(): Sample {
  const platform = (architecture: string): { image: StoredImage; platform: object } => ({
    image: imageOf({ architecture, layers: Array.from({ length: 20 }, () => randomLayer(64 * 1024)) }),
    platform: { os: 'linux', architecture },
  });
  const image = indexOf([platform('amd64'), platform('arm64')]);
  const attached = [
    'application/spdx+json',
    'application/vnd.in-toto+json',
    'application/vnd.cyclonedx+json',
    'text/plain',
  ].map((type, number) => artifactOf(type, Buffer.from(`{"attachment":${number}}`), image.root));
  return { image, attached };
}
