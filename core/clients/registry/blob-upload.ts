import type { Descriptor } from '../../model/descriptor.ts';
import { algorithmOf, digester, shortDigest, type Digester } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import type { Patience } from '../http/client.ts';
import { ConnectionError } from '../http/failures.ts';
import {
  headerOf,
  readBytes,
  smallAnswer,
  type CompleteResponse,
  type HttpResponse,
} from '../http/message.ts';
import { isTransient } from '../http/retry-policy.ts';
import type { OpenRequest } from '../http/transport.ts';
import type { BlobSource } from './blob-source.ts';
import type { RegistryEndpoint } from './endpoint.ts';
import { isFull } from './registry-error.ts';
import { pushScope } from './scope.ts';

/** What this run has learnt of how a registry likes its uploads. Shared by all uploads to it. */
export interface UploadHabits {
  /** Bytes per PATCH; undefined sends a blob as one PUT. */
  chunk: number | undefined;
}

/** An upload that the registry has begun for us. */
export interface UploadSession {
  readonly location: URL;
  /** `OCI-Chunk-Min-Length`, in bytes; zero when the registry has no wish. */
  readonly smallestChunk: number;
}

interface Checkpoint {
  readonly offset: number;
  readonly hash: Digester;
}

const checkpointDistance = 8 * 1024 * 1024;
const firstChunk = 16 * 1024 * 1024;
const smallestUsefulChunk = 64 * 1024;

export interface BlobUploadOptions {
  readonly endpoint: RegistryEndpoint;
  readonly path: string;
  readonly blob: Descriptor;
  readonly source: BlobSource;
  readonly habits: UploadHabits;
  readonly begin: () => Promise<UploadSession>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Carries one blob from a source into an upload session. Every byte is hashed before it is sent, and the last ones are
 * held back until the digest is right: a damaged blob is never complete at the target. When the upload breaks, the
 * target is asked how far it came, and both sides go on from there.
 */
export class BlobUpload {
  readonly #options: BlobUploadOptions;
  readonly #patience: Patience;
  #session: UploadSession;
  /** How much of the blob the target has. */
  #kept = 0;
  #hash: Digester;
  #hashed = 0;
  #checkpoints: Checkpoint[] = [];
  #sent = 0;
  #wasRenewed = false;
  #wasMended = false;

  constructor(session: UploadSession, options: BlobUploadOptions) {
    this.#session = session;
    this.#options = options;
    this.#patience = options.endpoint.patience(options.signal);
    this.#hash = digester(algorithmOf(options.blob.digest));
  }

  /** @returns the bytes that were sent, those of broken attempts included */
  async run(): Promise<number> {
    try {
      for (;;) {
        await this.#patience.ready();
        if (await this.#step()) return this.#sent;
      }
    } finally {
      this.#options.source.close();
    }
  }

  /** One request: true when the registry has taken the whole blob. */
  async #step(): Promise<boolean> {
    const { blob, habits } = this.#options;
    const isLast = habits.chunk === undefined || this.#kept >= blob.size;
    const chunk = Math.max(habits.chunk ?? blob.size, this.#session.smallestChunk);
    const end = isLast ? blob.size : Math.min(blob.size, this.#kept + chunk);
    let response: CompleteResponse;
    try {
      response = await this.#send(isLast, end);
    } catch (error) {
      if (error instanceof ConnectionError) await this.#patience.afterFailure(error);
      else if (!this.#mend(error)) throw error;
      await this.#recover();
      return false;
    }
    if (response.status < 200 || response.status > 204) {
      await this.#refused(response, end - this.#kept);
      return false;
    }
    if (isLast) return true;
    this.#session = this.#nextSession(response);
    this.#advance(end);
    return false;
  }

  #advance(kept: number): void {
    if (kept > this.#kept) {
      this.#patience.reset();
      this.#wasRenewed = false;
    }
    this.#kept = kept;
  }

  /** Bytes that were put together from pieces are fetched once more in one piece before they are called damaged. */
  #mend(error: unknown): boolean {
    if (!(error instanceof Damaged) || this.#wasMended || this.#options.source.opened < 2) return false;
    this.#wasMended = true;
    this.#checkpoints = [];
    this.#hashed = Number.POSITIVE_INFINITY;
    return true;
  }

  async #send(isLast: boolean, end: number): Promise<CompleteResponse> {
    const { endpoint, source, path, blob, signal } = this.#options;
    this.#rewind();
    const length = end - this.#kept;
    const request = await endpoint.open({
      method: isLast ? 'PUT' : 'PATCH',
      target: isLast ? this.#closing() : this.#session.location,
      scopes: [pushScope(path)],
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(length),
        // The whole at once, and the empty end of pieces, say nothing of their place: there is nothing to say.
        ...(length > 0 && length < blob.size ? { 'content-range': `${this.#kept}-${end - 1}` } : {}),
      },
      signal,
    });
    try {
      const outcome = await source.feed(request, end, (bytes, position) => this.#inspect(bytes, position));
      if (outcome === 'fed') {
        this.#verifyEmpty();
        request.sink.end();
      }
      const response = await complete(await request.response, endpoint);
      if (outcome === 'answered') request.sink.destroy();
      return response;
    } catch (error) {
      abandon(request);
      throw error;
    }
  }

  /** Hashes what has not been hashed, passes on what the target has not got, and judges before the last byte goes out. */
  #inspect(bytes: Buffer, position: number): Buffer {
    const { blob } = this.#options;
    const end = position + bytes.length;
    this.#hash.update(bytes);
    this.#hashed = end;
    if (end === blob.size) this.#requireDigest();
    else if (end - (this.#checkpoints.at(-1)?.offset ?? 0) >= checkpointDistance) {
      this.#checkpoints.push({ offset: end, hash: this.#hash.copy() });
    }
    const fresh =
      position < this.#kept ? bytes.subarray(Math.min(bytes.length, this.#kept - position)) : bytes;
    this.#sent += fresh.length;
    return fresh;
  }

  #requireDigest(): void {
    const { blob, endpoint, path } = this.#options;
    const found = this.#hash.copy().digest();
    if (found === blob.digest) return;
    throw new Damaged(
      'DigestMismatch',
      `the blob ${shortDigest(blob.digest)} for ${endpoint.host}/${path} arrived with the digest ${shortDigest(found)}`,
      {
        hint: 'The blob is damaged in the source registry or on the way. It was not completed at the target.',
      },
    );
  }

  #verifyEmpty(): void {
    if (this.#options.blob.size === 0) this.#requireDigest();
  }

  /** Puts source and hash where the target stopped: back to the last point whose hash is known, if need be. */
  #rewind(): void {
    const { source, blob } = this.#options;
    if (this.#kept === this.#hashed) {
      source.seek(this.#hashed);
      return;
    }
    while ((this.#checkpoints.at(-1)?.offset ?? 0) > this.#kept) this.#checkpoints.pop();
    const last = this.#checkpoints.at(-1);
    this.#hash = last === undefined ? digester(algorithmOf(blob.digest)) : last.hash.copy();
    this.#hashed = last?.offset ?? 0;
    source.seek(this.#hashed);
  }

  /** Asks the registry how far the upload came; begins anew where it does not say. */
  async #recover(): Promise<void> {
    const { endpoint, path, signal } = this.#options;
    if (this.#hashed === Number.POSITIVE_INFINITY) {
      await this.#restart();
      return;
    }
    const response = await endpoint.fetch({
      method: 'GET',
      target: this.#session.location,
      scopes: [pushScope(path)],
      signal,
    });
    const kept = keptOf(response);
    if (kept === undefined || kept > this.#hashed) {
      await this.#restart();
      return;
    }
    this.#advance(kept);
    this.#session = this.#nextSession(response);
  }

  async #restart(): Promise<void> {
    this.#kept = 0;
    this.#session = await this.#options.begin();
  }

  /** Does what the refusal allows to do about it, and throws it when that is nothing. */
  async #refused(response: CompleteResponse, length: number): Promise<void> {
    const { endpoint, blob, path } = this.#options;
    if (response.status === 416) {
      const lost = new Error('the upload is not where it was thought to be');
      await this.#patience.afterFailure(new ConnectionError(endpoint.origin, lost));
      await this.#recover();
      return;
    }
    if (this.#shrink(response.status, length)) {
      await this.#restart();
      return;
    }
    const pause = this.#pauseAfter(response);
    if (pause === undefined) {
      throw endpoint.refusal(`take the blob ${path}@${shortDigest(blob.digest)}`, response);
    }
    await pause();
    await this.#recover();
  }

  #pauseAfter(response: CompleteResponse): (() => Promise<void>) | undefined {
    const { endpoint, path } = this.#options;
    if (response.status === 401 && !this.#wasRenewed) {
      this.#wasRenewed = true;
      const isRenewed = endpoint.relearn(headerOf(response, 'www-authenticate'), [pushScope(path)]);
      return isRenewed ? () => Promise.resolve() : undefined;
    }
    if (!isTransient(response.status) || isFull(response)) return undefined;
    return this.#patience.pauseAfter(response);
  }

  /**
   * Some registries, and proxies before them, want a large blob in pieces, and some want small pieces. True when there is
   * a smaller way left to try.
   */
  #shrink(status: number, refused: number): boolean {
    const { habits } = this.#options;
    const wantsPieces =
      status === 413 || (habits.chunk === undefined && [400, 404, 405, 411, 501].includes(status));
    if (!wantsPieces || refused === 0) return false;
    // Another upload may have learnt the same meanwhile.
    if (habits.chunk !== undefined && habits.chunk < refused) return true;
    const next = Math.min(firstChunk, Math.floor(refused / (habits.chunk === undefined ? 1 : 4)));
    if (next < Math.max(smallestUsefulChunk, this.#session.smallestChunk)) return false;
    habits.chunk = next;
    return true;
  }

  #closing(): URL {
    const url = new URL(this.#session.location);
    url.searchParams.set('digest', this.#options.blob.digest);
    return url;
  }

  #nextSession(response: Pick<HttpResponse, 'headers'>): UploadSession {
    const location = headerOf(response, 'location');
    return location === undefined
      ? this.#session
      : { ...this.#session, location: new URL(location, this.#session.location) };
  }
}

/** The bytes do not have the digest that names them. */
class Damaged extends DeliveryError {}

/** How many bytes the registry has of an upload (distribution-spec, "Resuming an upload"): `Range: 0-N`, both included. */
function keptOf(response: CompleteResponse): number | undefined {
  if (response.status !== 204 && response.status !== 202 && response.status !== 200) return undefined;
  const last = /^(?:bytes[= ])?0-(\d+)$/.exec(headerOf(response, 'range') ?? '')?.[1];
  // "0-0" is written for nothing as well as for one byte; nothing is the safe reading.
  return last === undefined ? undefined : Number(last) === 0 ? 0 : Number(last) + 1;
}

async function complete(response: HttpResponse, endpoint: RegistryEndpoint): Promise<CompleteResponse> {
  try {
    const bytes = await readBytes(response, smallAnswer);
    return { status: response.status, headers: response.headers, bytes };
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    throw new ConnectionError(endpoint.origin, error);
  }
}

function abandon(request: OpenRequest): void {
  request.response.then((response) => {
    response.body.on('error', ignore).resume();
  }, ignore);
  request.sink.destroy();
}

function ignore(): void {
  // The request was given up.
}
