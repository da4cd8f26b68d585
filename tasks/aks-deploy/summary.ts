import { formatChangeSet, type ChangeSet } from '../../core/model/change-set.ts';
import type { DeliveryError } from '../../core/model/errors.ts';
import type { Replacement } from '../../core/model/image-substitution.ts';

/** The Markdown of the run's Extensions tab. */
export function formatSummary(
  changes: ChangeSet,
  replacements: readonly Replacement[],
  failure?: DeliveryError,
): string {
  const images = new Map(replacements.map(({ image, to }) => [image, to]));
  return [
    ...(failure === undefined
      ? []
      : [
          `**${escape(failure.message)}**`,
          '',
          ...(failure.hint === undefined ? [] : [escape(failure.hint), '']),
        ]),
    ...(images.size === 0 ? [] : ['| Image | Deployed as |', '| --- | --- |']),
    ...[...images].map(([image, to]) => `| ${escape(image)} | \`${to}\` |`),
    '',
    '```diff',
    // A line that ends the block early would let a manifest write Markdown of its own.
    ...formatChangeSet(changes).map((line) => line.replaceAll('```', "'''")),
    '```',
    '',
  ].join('\n');
}

function escape(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|]/g, '\\$&').replaceAll(/\s+/g, ' ');
}
