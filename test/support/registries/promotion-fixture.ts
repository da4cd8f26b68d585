import { HttpClient } from '../../../core/clients/http/client.ts';
import { deadlineIn, systemClock } from '../../../core/clients/http/system-clock.ts';
import { createRegistry } from '../../../core/clients/registry/client.ts';
import { anonymous } from '../../../core/clients/registry/credential.ts';
import type { Registry } from '../../../core/clients/registry/registry.ts';
import { parseDigest } from '../../../core/model/digest.ts';
import type { Clock, Log } from '../../../core/model/ports.ts';
import type { Release } from '../../../core/model/release.ts';
import { promote, type PromotionOutcome } from '../../../core/operations/promote/promote.ts';
import type { PromotionRequest, PromotionTools } from '../../../core/operations/promote/request.ts';
import type { StoredImage } from './stored-image.ts';

/** Keeps what was said. */
export class RecordingLog implements Log {
  readonly lines: string[] = [];
  readonly warnings: string[] = [];

  phase(title: string): void {
    this.lines.push(`## ${title}`);
  }

  line(text: string): void {
    this.lines.push(text);
  }

  warning(text: string): void {
    this.warnings.push(text);
  }

  debug(text: string): void {
    this.lines.push(`debug: ${text}`);
  }
}

/** Real time, with pauses a tenth as long: what is tested is that and how the client waits, not how long. */
export const hastyClock: Clock = {
  now: () => systemClock.now(),
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / 10, signal),
};

export interface Workbench {
  readonly tools: PromotionTools;
  readonly log: RecordingLog;
  close(): void;
}

/** The real clients, without credentials, within two minutes. */
export function openWorkbench(clock: Clock = systemClock): Workbench {
  const deadline = deadlineIn(120_000, 'the test');
  const log = new RecordingLog();
  const http = new HttpClient({
    clock,
    deadline,
    debug: (line) => {
      log.debug(line);
    },
  });
  const registries = new Map<string, Registry>();
  const registry = (host: string): Registry => {
    const known =
      registries.get(host) ??
      createRegistry({ host, http, clock, credential: anonymous, onSecret: () => undefined });
    registries.set(host, known);
    return known;
  };
  const close = (): void => {
    http.close();
  };
  return { tools: { registry, clock, log, signal: deadline.signal }, log, close };
}

export interface ImagePlace {
  readonly name: string;
  readonly repository: string;
  readonly image: StoredImage;
  readonly target?: string;
}

/** A promotion of these images from one host to another, under the tag 1.0.0. */
export function promotionRequest(
  from: string,
  to: string,
  places: readonly ImagePlace[],
  more: Partial<PromotionRequest> = {},
): PromotionRequest {
  const release: Release = {
    schemaVersion: 1,
    name: '1.0.0',
    createdAt: '2026-01-01T00:00:00.000Z',
    images: places.map(({ name, repository, image }) => ({
      name,
      source: `${from}/${repository}:ci`,
      repository: { registry: from, path: repository },
      digest: parseDigest(image.root.digest),
      mediaType: image.root.mediaType,
      size: 0,
      platforms: [],
    })),
    promotions: [],
    deployments: [],
    verdicts: [],
  };
  return {
    release,
    items: release.images.map((image, index) => ({
      image,
      from: image.repository,
      to: { registry: to, path: places[index]?.target ?? image.repository.path },
      tags: ['1.0.0'],
    })),
    mode: 'copy',
    allowedSources: [],
    requiredEvidence: [],
    withReferrers: true,
    allowTagMove: false,
    dryRun: false,
    withStatement: false,
    lock: false,
    concurrency: 8,
    ...more,
  };
}

export async function promoteWith(
  request: PromotionRequest,
  clock: Clock = hastyClock,
): Promise<PromotionOutcome & { readonly log: RecordingLog }> {
  const bench = openWorkbench(clock);
  try {
    return { ...(await promote(request, bench.tools)), log: bench.log };
  } finally {
    bench.close();
  }
}
