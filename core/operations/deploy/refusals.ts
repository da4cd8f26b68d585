import { ApiError } from '../../model/api-error.ts';
import { DeliveryError } from '../../model/errors.ts';
import { formatObject } from '../../model/kubernetes-object.ts';
import type { ManifestObject } from '../../model/manifest-object.ts';

/** The server will not have one object. */
export interface Refusal {
  readonly manifest: ManifestObject;
  readonly error: DeliveryError;
}

/** How many refusals one line can hold and still be read. */
const shown = 10;

/** All refusals as one error: the author corrects them in one go, not one per run. */
export function refusedTogether(refusals: readonly Refusal[]): DeliveryError {
  const [first] = refusals;
  if (first === undefined) throw new Error('no refusal to tell');
  const texts = refusals.map(
    ({ manifest, error }) => `${formatObject(manifest.object)} (${manifest.origin}): ${saidBy(error)}`,
  );
  const more = texts.length > shown ? `; and ${texts.length - shown} more` : '';
  const count = refusals.length === 1 ? 'an object' : `${refusals.length} objects`;
  return new DeliveryError(
    first.error.code,
    `the cluster refuses ${count}: ${texts.slice(0, shown).join('; ')}${more}`,
    {
      ...(first.error.hint === undefined ? {} : { hint: first.error.hint }),
      cause: first.error,
    },
  );
}

function saidBy(error: DeliveryError): string {
  return error instanceof ApiError ? error.said : error.message;
}
