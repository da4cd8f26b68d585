import { isObject } from '../../model/json.ts';
import {
  isKubernetesObject,
  numberAt,
  textAt,
  type KubernetesObject,
} from '../../model/kubernetes-object.ts';

export type WatchEvent =
  /** Everything there is: at the start, and again after the server has forgotten where we were. */
  | { readonly type: 'listed'; readonly items: readonly KubernetesObject[] }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: KubernetesObject };

/** One line of a watch as it means to us (API concepts, "Efficient detection of changes"). */
export type WatchLine =
  | { readonly type: 'event'; readonly event: WatchEvent; readonly resourceVersion: string }
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** The server no longer knows the version we asked from (410 Gone): list again. */
  | { readonly type: 'expired' }
  | { readonly type: 'error'; readonly status: number; readonly message: string };

export function readWatchLine(line: string): WatchLine {
  const parsed: unknown = JSON.parse(line);
  const object = isObject(parsed) ? parsed['object'] : undefined;
  const type = textAt(parsed, 'type');
  if (type === 'ERROR') {
    const status = numberAt(object, 'code') ?? 0;
    return status === 410
      ? { type: 'expired' }
      : { type: 'error', status, message: textAt(object, 'message') ?? 'the watch failed' };
  }
  const resourceVersion = textAt(object, 'metadata', 'resourceVersion') ?? '';
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion };
  if (!isKubernetesObject(object)) return { type: 'error', status: 0, message: 'the watch sent no object' };
  switch (type) {
    case 'ADDED':
      return { type: 'event', event: { type: 'added', object }, resourceVersion };
    case 'MODIFIED':
      return { type: 'event', event: { type: 'modified', object }, resourceVersion };
    case 'DELETED':
      return { type: 'event', event: { type: 'deleted', object }, resourceVersion };
    default:
      return { type: 'error', status: 0, message: `the watch sent an event of type ${String(type)}` };
  }
}

/**
 * Cuts a stream of bytes into its lines. What is left at the end without a line feed is half an event and dropped, but
 * the last words of a log.
 */
export async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  rest: 'half' | 'last words' = 'half',
): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const chunk of body) {
    held += decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n', from)) {
      const line = held.slice(from, end);
      from = end + 1;
      if (line.trim() !== '') yield line;
    }
    held = held.slice(from);
  }
  if (rest === 'last words' && held.trim() !== '') yield held;
}
