import { digestReference, type DigestReference } from './reference.ts';
import type { Release, ReleaseImage } from './release.ts';

/**
 * The image as an environment pulls it: from where it was last deployed there, otherwise from where it was resolved.
 */
export function placeOf(release: Release, image: ReleaseImage, environment: string): DigestReference {
  const deployed = release.deployments
    .filter((deployment) => deployment.environment === environment)
    .flatMap((deployment) => deployment.images)
    .findLast((candidate) => candidate.image === image.name && candidate.digest === image.digest);
  return digestReference(deployed?.repository ?? image.repository, image.digest);
}
