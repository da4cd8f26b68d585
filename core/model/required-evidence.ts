import type { GateVerdict, Release, ReleaseImage } from './release.ts';

/**
 * What keeps an image from being promoted: for each requirement, the name of a gate or of an environment, the image's
 * latest verdict must have passed. No verdict on this digest is not a passed one.
 * @returns one line each, without the image's name
 */
export function missingEvidence(
  release: Release,
  image: ReleaseImage,
  requirements: readonly string[],
): readonly string[] {
  return requirements.flatMap((requirement): readonly string[] => {
    const latest = latestVerdict(release, image, requirement);
    if (latest?.verdict === 'passed') return [];
    return [
      latest === undefined
        ? `no verdict of ${requirement} on this digest`
        : `${requirement} says ${latest.verdict}: ${latest.reason}`,
    ];
  });
}

function latestVerdict(release: Release, image: ReleaseImage, requirement: string): GateVerdict | undefined {
  return release.verdicts
    .filter(({ gate, environment }) => gate === requirement || environment === requirement)
    .filter(({ images }) => images.some(({ digest }) => digest === image.digest))
    .sort((one, other) => Date.parse(one.finishedAt) - Date.parse(other.finishedAt))
    .at(-1);
}
