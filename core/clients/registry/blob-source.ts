import type { IncomingMessage } from 'node:http';
import type { Descriptor } from '../../model/descriptor.ts';
import { DeliveryError } from '../../model/errors.ts';
import { shortDigest } from '../../model/digest.ts';
import type { Patience } from '../http/client.ts';
import { ConnectionError } from '../http/failures.ts';
import { discard, headerOf, readBytes, smallAnswer, type HttpResponse } from '../http/message.ts';
import { passedOn } from '../http/garbage.ts';
import type { OpenRequest } from '../http/transport.ts';
import type { RegistryEndpoint } from './endpoint.ts';
import { pullScope } from './scope.ts';

/** Sees every byte that is read, in order, before it is passed on; gives back what of it is to be written. */
export type Inspect = (chunk: Buffer, position: number) => Buffer;

/**
 * One blob, read from its registry as a stream that mends itself: when it breaks, it goes on from the byte where it
 * broke.
 */
export class BlobSource {
  readonly #endpoint: RegistryEndpoint;
  readonly #path: string;
  readonly #blob: Descriptor;
  readonly #signal: AbortSignal | undefined;
  readonly #patience: Patience;
  #stream: IncomingMessage | undefined;
  #position = 0;
  /** What comes before it was passed on already. */
  #skipTo = 0;
  #opened = 0;

  constructor(endpoint: RegistryEndpoint, path: string, blob: Descriptor, signal?: AbortSignal) {
    this.#endpoint = endpoint;
    this.#path = path;
    this.#blob = blob;
    this.#signal = signal;
    this.#patience = endpoint.patience(signal);
  }

  /** The next byte that it gives. */
  get position(): number {
    return this.#position;
  }

  /** More than one means that the bytes were put together from pieces. */
  get opened(): number {
    return this.#opened;
  }

  /** Asks for the bytes before somebody wants them, so that two round trips pass at once. */
  async prepare(): Promise<void> {
    if (this.#position < this.#blob.size) await this.#ready();
  }

  /** Goes on from `offset`. */
  seek(offset: number): void {
    if (offset === this.#position) return;
    this.close();
    this.#position = offset;
  }

  /**
   * Writes bytes to the request until `until` (exclusive) is reached or the request is answered early. It does not end
   * the request.
   * @throws what the request failed with; DeliveryError when the source cannot be read
   */
  async feed(request: OpenRequest, until: number, inspect: Inspect): Promise<'fed' | 'answered'> {
    while (this.#position < until) {
      const before = this.#position;
      const stream = await this.#ready();
      try {
        if ((await this.#pump(stream, request, until, inspect)) === 'answered') return 'answered';
      } catch (error) {
        this.close();
        if (!(error instanceof SourceBroken)) throw error;
        if (this.#position > before) this.#patience.reset();
        await this.#patience.afterFailure(error.failure).catch(giveUp);
      }
    }
    return 'fed';
  }

  close(): void {
    this.#stream?.destroy();
    this.#stream = undefined;
  }

  async #ready(): Promise<IncomingMessage> {
    this.#stream ??= await this.#open().catch(giveUp);
    return this.#stream;
  }

  async #open(): Promise<IncomingMessage> {
    const { size, digest } = this.#blob;
    const from = this.#position;
    const response = await this.#endpoint.send({
      method: 'GET',
      target: `/v2/${this.#path}/blobs/${digest}`,
      scopes: [pullScope(this.#path)],
      // Written out to its end: some registries do not take an open range.
      headers: from === 0 ? {} : { range: `bytes=${from}-${size - 1}` },
      signal: this.#signal,
    });
    this.#opened += 1;
    const start = startOf(response);
    if (start === undefined || start > from) throw await this.#refusal(response);
    if (start === 0) this.#requireSize(response);
    // A registry that knows no ranges begins anew; what is known already is read past.
    this.#position = start;
    this.#skipTo = from;
    // It may break while nobody reads it; whoever reads next notices that it is gone.
    return response.body.on('error', ignore);
  }

  #pump(
    stream: IncomingMessage,
    request: OpenRequest,
    until: number,
    inspect: Inspect,
  ): Promise<'fed' | 'answered'> {
    const { sink } = request;
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        stream.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
        sink.off('drain', onDrain);
        if (this.#position >= this.#blob.size) {
          // Read to its formal end, the connection is free for the next request.
          stream.resume();
          this.#stream = undefined;
        } else {
          stream.pause();
        }
        act();
      };
      const onData = (chunk: Buffer): void => {
        try {
          this.#accept(chunk, until, sink, inspect, stream);
        } catch (error) {
          finish(() => {
            reject(asError(error));
          });
          return;
        }
        if (this.#position >= until) {
          finish(() => {
            resolve('fed');
          });
        } else if (sink.writableNeedDrain) {
          stream.pause();
        }
      };
      const onDrain = (): void => {
        stream.resume();
      };
      const onBroken = (cause?: unknown): void => {
        finish(() => {
          reject(new SourceBroken(this.#broken(cause)));
        });
      };
      const onEnd = (): void => {
        onBroken(new Error(`ended after ${this.#position} of ${this.#blob.size} bytes`));
      };
      stream.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
      sink.on('drain', onDrain);
      request.response.then(
        () => {
          finish(() => {
            resolve('answered');
          });
        },
        (error: unknown) => {
          finish(() => {
            reject(asError(error));
          });
        },
      );
      if (stream.destroyed) onBroken();
      else if (!sink.writableNeedDrain) stream.resume();
    });
  }

  #accept(
    chunk: Buffer,
    until: number,
    sink: OpenRequest['sink'],
    inspect: Inspect,
    stream: IncomingMessage,
  ): void {
    let fresh = chunk;
    if (this.#position < this.#skipTo) {
      const known = Math.min(chunk.length, this.#skipTo - this.#position);
      this.#position += known;
      fresh = chunk.subarray(known);
    }
    const wanted = until - this.#position;
    if (fresh.length > wanted) {
      if (until === this.#blob.size) throw this.#wrongSize('more');
      stream.pause();
      stream.unshift(fresh.subarray(wanted));
      fresh = fresh.subarray(0, wanted);
    }
    if (fresh.length === 0) return;
    const position = this.#position;
    this.#position += fresh.length;
    const written = inspect(fresh, position);
    if (written.length > 0) sink.write(written);
    passedOn(chunk.length);
  }

  #broken(cause: unknown): ConnectionError {
    const { origin } = this.#endpoint;
    return new ConnectionError(origin, cause ?? new Error('the connection closed'));
  }

  async #refusal(response: HttpResponse): Promise<DeliveryError> {
    const bytes = await readBytes(response, smallAnswer).catch(() => Buffer.alloc(0));
    if (response.status === 404) {
      return new DeliveryError(
        'ImageNotFound',
        `${this.#name()} is listed by its image, but the registry does not have it`,
        {
          hint: 'The image is incomplete in the source registry: push it again.',
        },
      );
    }
    if (response.status === 416) return this.#wrongSize('fewer');
    return this.#endpoint.refusal(`read the blob ${this.#name()}`, { ...response, bytes });
  }

  #requireSize(response: HttpResponse): void {
    const length = headerOf(response, 'content-length');
    if (length === undefined || Number(length) === this.#blob.size) return;
    discard(response);
    throw this.#wrongSize(Number(length) > this.#blob.size ? 'more' : 'fewer');
  }

  #wrongSize(which: 'more' | 'fewer'): DeliveryError {
    return new DeliveryError(
      'DigestMismatch',
      `${this.#name()} has ${which} bytes than the ${this.#blob.size} that its image says`,
      { hint: 'The blob is damaged in the source registry, or the manifest that lists it is wrong.' },
    );
  }

  #name(): string {
    return `${this.#endpoint.host}/${this.#path}@${shortDigest(this.#blob.digest)}`;
  }
}

/** The connection to the source, not to the target, is what failed. */
class SourceBroken extends Error {
  readonly failure: ConnectionError;

  constructor(failure: ConnectionError) {
    super(failure.message, { cause: failure });
    this.failure = failure;
  }
}

/** The source's end of patience is final, whatever the target's is: it must not pass for a failure of the target. */
function giveUp(error: unknown): never {
  if (!(error instanceof ConnectionError)) throw error;
  throw new DeliveryError(error.code, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Where the answer begins: its own word for a part, zero for the whole, undefined for anything else. */
function startOf(response: HttpResponse): number | undefined {
  if (response.status === 200) return 0;
  if (response.status !== 206) return undefined;
  const start = /^bytes (\d+)-/.exec(headerOf(response, 'content-range') ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

function ignore(): void {
  // The stream was given up.
}
