import { DeliveryError } from '../model/errors.ts';
import type { EngineOutcome } from './engines.ts';
import { sourcesMount } from './engine-files.ts';

/** Texts shorter than this are everywhere by chance; taking them out would make a message unreadable. */
const shortestSecret = 4;
/** How many characters of a text Go's YAML library quotes when it shortens it. */
const quotedLength = 7;

/** The message with every secret text, and every shortened quotation or encoding of one, as `***`. */
export function withoutSecrets(message: string, secrets: readonly string[]): string {
  const texts = secrets.flatMap((secret) => [secret, ...secret.split('\n')]).map((text) => text.trim());
  const forms = texts
    .filter((text) => text.length >= shortestSecret)
    .flatMap((text) => [
      text,
      quoted(text),
      Buffer.from(text).toString('base64'),
      text.slice(0, quotedLength),
    ]);
  const longestFirst = [...new Set(forms)].sort((one, other) => other.length - one.length);
  return longestFirst.reduce((result, form) => result.replaceAll(form, '***'), message);
}

function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Paths as the author knows them: below the sources, without the engine's name for that folder. */
export function authorsPaths(message: string): string {
  return message
    .replaceAll(`${sourcesMount}/`, '')
    .replaceAll(new RegExp(`${sourcesMount}(?=['":\\s]|$)`, 'g'), '.');
}

/**
 * What ended without an answer, or because it followed a link out of the folder.
 * @param subject "chart deploy/shop": how messages call what was rendered
 */
export function failureOfEngine(outcome: EngineOutcome, subject: string): DeliveryError | undefined {
  if (outcome.answer !== undefined) return undefined;
  if (/stack overflow|stack exceeds|out of memory|cannot allocate memory/.test(outcome.errors)) {
    return new DeliveryError('RenderFailed', `${subject} needs more memory to render than there is`, {
      hint: 'Look for a template that includes itself without end, or that repeats a text very often.',
    });
  }
  // What a crashed program prints may hold values, so it is not repeated.
  return new DeliveryError(
    'RenderFailed',
    `${subject} cannot be rendered: the engine stopped with code ${outcome.exitCode}`,
    {
      hint: 'Render it with the same version of the tool on a machine of your own to see whether the tool fails too.',
    },
  );
}

export function failureOfLinks(outcome: EngineOutcome, subject: string): DeliveryError | undefined {
  const [link] = outcome.escapes;
  if (link === undefined) return undefined;
  return new DeliveryError('RenderFailed', `${subject} reaches out of its folder by the link ${link}`, {
    hint: 'Only files of the folder are read. Copy what the link leads to into it.',
  });
}
