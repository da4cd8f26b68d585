import type { Stored, StoredImage } from './stored-image.ts';
import { descriptor, document, types } from './stored-image.ts';

const acceptAll = [
  types.index,
  types.manifest,
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Puts content into a plain registry and looks at what is in it, without any of the code under test. */
export class RegistryContent {
  readonly base: string;

  constructor(host: string) {
    this.base = `http://${host}`;
  }

  async push(repository: string, image: StoredImage, tags: readonly string[] = []): Promise<void> {
    for (const blob of image.blobs) await this.pushBlob(repository, blob);
    for (const manifest of image.manifests) await this.pushManifest(repository, manifest, manifest.digest);
    for (const tag of tags) await this.pushManifest(repository, image.root, tag);
  }

  /** Attaches by the referrers tag schema too, as clients do where the registry has no API of its own. */
  async attach(repository: string, image: StoredImage, subject: Stored): Promise<void> {
    await this.push(repository, image);
    const response = await fetch(`${this.base}/v2/${repository}/referrers/${subject.digest}`);
    if (response.status === 200) return;
    const tag = subject.digest.replace(':', '-');
    const known = await this.manifest(repository, tag);
    const manifests =
      known === undefined ? [] : (JSON.parse(known.toString('utf8')) as { manifests: object[] }).manifests;
    const list = document(types.index, {
      schemaVersion: 2,
      mediaType: types.index,
      manifests: [...manifests, descriptor(image.root)],
    });
    await this.pushManifest(repository, list, tag);
  }

  async pushBlob(repository: string, blob: Stored): Promise<void> {
    const begun = await fetch(`${this.base}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', this.base);
    location.searchParams.set('digest', blob.digest);
    await this.#require(await fetch(location, { method: 'PUT', body: new Uint8Array(blob.bytes) }));
  }

  async pushManifest(repository: string, manifest: Stored, reference: string): Promise<void> {
    const response = await fetch(`${this.base}/v2/${repository}/manifests/${reference}`, {
      method: 'PUT',
      headers: { 'content-type': manifest.mediaType },
      body: new Uint8Array(manifest.bytes),
    });
    await this.#require(response);
  }

  /** The digest that a tag has, or undefined. */
  async tag(repository: string, tag: string): Promise<string | undefined> {
    const response = await fetch(`${this.base}/v2/${repository}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { accept: acceptAll },
    });
    return response.status === 200 ? (response.headers.get('docker-content-digest') ?? '') : undefined;
  }

  async tags(repository: string): Promise<readonly string[]> {
    const response = await fetch(`${this.base}/v2/${repository}/tags/list`);
    if (response.status !== 200) return [];
    return ((await response.json()) as { tags: string[] | null }).tags ?? [];
  }

  async manifest(repository: string, reference: string): Promise<Buffer | undefined> {
    const response = await fetch(`${this.base}/v2/${repository}/manifests/${reference}`, {
      headers: { accept: acceptAll },
    });
    const body = Buffer.from(await response.arrayBuffer());
    return response.status === 200 ? body : undefined;
  }

  async blob(repository: string, digest: string): Promise<Buffer | undefined> {
    const response = await fetch(`${this.base}/v2/${repository}/blobs/${digest}`);
    const body = Buffer.from(await response.arrayBuffer());
    return response.status === 200 ? body : undefined;
  }

  /** The digests of what is attached, by the API or else by the tag schema. */
  async referrers(repository: string, digest: string): Promise<readonly string[]> {
    const response = await fetch(`${this.base}/v2/${repository}/referrers/${digest}`);
    const bytes =
      response.status === 200
        ? Buffer.from(await response.arrayBuffer())
        : await this.manifest(repository, digest.replace(':', '-'));
    if (bytes === undefined) return [];
    return (JSON.parse(bytes.toString('utf8')) as { manifests: { digest: string }[] }).manifests.map(
      (entry) => entry.digest,
    );
  }

  /** As a clean-up would that does not look at indexes. */
  async removeManifest(repository: string, digest: string): Promise<void> {
    await fetch(`${this.base}/v2/${repository}/manifests/${digest}`, { method: 'DELETE' });
  }

  async #require(response: Response): Promise<void> {
    if (response.status === 201) return;
    throw new Error(`${response.url}: HTTP ${response.status} ${await response.text()}`);
  }
}
