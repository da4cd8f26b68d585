import type { Clock } from '../../model/ports.ts';
import type { HttpClient } from '../http/client.ts';
import { Blobs } from './blobs.ts';
import type { RegistryCredential } from './credential.ts';
import { RegistryEndpoint } from './endpoint.ts';
import { readImage } from './image-reader.ts';
import { Manifests } from './manifests.ts';
import { Referrers } from './referrers.ts';
import type { Registry } from './registry.ts';
import { Tags } from './tags.ts';

export interface RegistryOptions {
  /** Host and optional port, as references write it. */
  readonly host: string;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly credential: RegistryCredential;
  /** Every token that the registry issues, before it is used. */
  readonly onSecret: (value: string) => void;
}

/** One registry of the OCI distribution specification, Azure's included. */
export function createRegistry(options: RegistryOptions): Registry {
  const endpoint = new RegistryEndpoint({ ...options, now: () => options.clock.now() });
  const manifests = new Manifests(endpoint);
  const tags = new Tags(endpoint);
  const referrers = new Referrers(endpoint, manifests);
  const blobs = new Blobs(endpoint);
  return {
    host: options.host,
    resolve: (path, reference, signal) => manifests.head(path, reference, signal),
    manifest: (path, reference, signal) => manifests.get(path, reference, signal),
    image: (path, digest, signal) => readImage(options.host, manifests, path, digest, signal),
    tags: (path, pages, signal) => tags.list(path, pages, signal),
    referrers: (path, subject, choice) => referrers.of(path, subject, choice),
    hasBlob: (path, blob, signal) => blobs.has(path, blob, signal),
    blobBytes: (path, blob, limit, signal) => blobs.bytes(path, blob, limit, signal),
    blobSource: (path, blob, signal) => blobs.source(path, blob, signal),
    takeBlob: (path, blob, source, choice) => blobs.take(path, blob, source, choice),
    putBlob: (path, blob, bytes, signal) => blobs.put(path, blob, bytes, signal),
    putManifest: (path, reference, content, signal) => manifests.put(path, reference, content, signal),
    addReferrers: (path, subject, added, choice) => referrers.addByTag(path, subject, added, choice),
  };
}
