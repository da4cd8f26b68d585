import { DeliveryError } from '../../model/errors.ts';
import { formatRepository, sameRepository } from '../../model/reference.ts';
import { missingEvidence } from '../../model/required-evidence.ts';
import { matchesSource } from '../../model/source-pattern.ts';
import type { PromotionRequest } from './request.ts';

/** What can be refused without asking any registry. */
export function validateRequest(request: PromotionRequest): void {
  for (const { image, from, to } of request.items) {
    if (sameRepository(from, to)) {
      throw new DeliveryError(
        'InputInvalid',
        `${image.name}: source and target are the same repository, ${formatRepository(to)}`,
        { hint: 'Choose the registry of the next environment as containerRegistry, or another repository.' },
      );
    }
  }
  refuseSharedTags(request);
  refuseSources(request);
  refuseWithoutEvidence(request);
}

function refuseSources({ items, allowedSources }: PromotionRequest): void {
  if (allowedSources.length === 0) return;
  const refused = items.filter(({ from }) => !allowedSources.some((pattern) => matchesSource(from, pattern)));
  if (refused.length === 0) return;
  const named = refused.map(({ image, from }) => `${image.name} from ${formatRepository(from)}`).join(', ');
  throw new DeliveryError('SourceNotAllowed', `allowedSources does not allow ${named}`, {
    hint: 'Promote only what the release pipeline built, or add the repository to allowedSources.',
  });
}

function refuseWithoutEvidence({ release, items, requiredEvidence }: PromotionRequest): void {
  const missing = items.flatMap(({ image }) =>
    missingEvidence(release, image, requiredEvidence).map((line) => `${image.name}: ${line}`),
  );
  if (missing.length === 0) return;
  throw new DeliveryError('EvidenceMissing', missing.join('; '), {
    hint: 'Run AcceptanceGate on this release before, and give this task the release record that it wrote.',
  });
}

/** Two images of one release under one tag would overwrite each other. */
function refuseSharedTags(request: PromotionRequest): void {
  const owners = new Map<string, string>();
  for (const { image, to, tags } of request.items) {
    for (const tag of tags) {
      const reference = `${formatRepository(to)}:${tag}`;
      const owner = owners.get(reference);
      if (owner !== undefined && owner !== image.digest) {
        throw new DeliveryError('InputInvalid', `two images of the release would both become ${reference}`, {
          hint: 'Give each image a repository or a tag of its own.',
        });
      }
      owners.set(reference, image.digest);
    }
  }
}
