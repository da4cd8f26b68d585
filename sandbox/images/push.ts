import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { hosts } from '../names.ts';
import type { Identity } from '../azure/directory.ts';
import type { Blob } from './blob.ts';
import type { Image } from './image.ts';

export interface PushRequest {
  readonly image: Image;
  /** The registry's login server. */
  readonly registry: string;
  readonly repository: string;
  /** None leaves it untagged: referrers are. */
  readonly tags?: readonly string[];
  readonly identity: Pick<Identity, 'clientId' | 'secret' | 'tenantId'>;
  readonly proxyUrl: string;
  /** PEM of the world's authority. */
  readonly ca: string;
}

/** Pushes an image as CI does: signed in as a service principal, through the proxy, under the registry's own name. */
export async function pushImage(
  wanted: PushRequest,
): Promise<{ digest: string; platforms: ReadonlyMap<string, string> }> {
  const client = new PushClient(wanted);
  try {
    await client.signIn();
    for (const blob of wanted.image.blobs.values()) await client.pushBlob(blob);
    for (const manifest of wanted.image.manifests) await client.pushManifest(manifest, manifest.digest);
    for (const tag of wanted.tags ?? []) await client.pushManifest(wanted.image.root, tag);
  } finally {
    client.close();
  }
  return { digest: wanted.image.digest, platforms: wanted.image.platforms };
}

class PushClient {
  readonly #wanted: PushRequest;
  readonly #agent: HttpsProxyAgent<string>;
  readonly #base: string;
  #token = '';

  constructor(wanted: PushRequest) {
    this.#wanted = wanted;
    this.#agent = new HttpsProxyAgent(wanted.proxyUrl, { keepAlive: true });
    this.#base = `https://${wanted.registry}/v2/${wanted.repository}`;
  }

  async signIn(): Promise<void> {
    const { identity, registry, repository } = this.#wanted;
    const entra = await this.#form(`https://${hosts.login}/${identity.tenantId}/oauth2/v2.0/token`, {
      grant_type: 'client_credentials',
      client_id: identity.clientId,
      client_secret: identity.secret,
      scope: 'https://containerregistry.azure.net/.default',
    });
    const refresh = await this.#form(`https://${registry}/oauth2/exchange`, {
      grant_type: 'access_token',
      service: registry,
      tenant: identity.tenantId,
      access_token: entra['access_token'] ?? '',
    });
    const access = await this.#form(`https://${registry}/oauth2/token`, {
      grant_type: 'refresh_token',
      service: registry,
      scope: `repository:${repository}:pull,push`,
      refresh_token: refresh['refresh_token'] ?? '',
    });
    this.#token = access['access_token'] ?? '';
  }

  async pushBlob(blob: Blob): Promise<void> {
    const present = await this.#send('HEAD', `${this.#base}/blobs/${blob.digest}`);
    if (present.status === 200) return;
    const begun = await this.#send('POST', `${this.#base}/blobs/uploads/`);
    expectStatus(begun, 202, 'an upload');
    const location = new URL(begun.headers.location ?? '', `${this.#base}/`);
    location.searchParams.set('digest', blob.digest);
    const done = await this.#send('PUT', location.href, blob.content, 'application/octet-stream');
    expectStatus(done, 201, `blob ${blob.digest}`);
  }

  async pushManifest(manifest: Blob, reference: string): Promise<void> {
    const done = await this.#send(
      'PUT',
      `${this.#base}/manifests/${reference}`,
      manifest.content,
      manifest.mediaType,
    );
    expectStatus(done, 201, `manifest ${reference}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #form(url: string, fields: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const body = Buffer.from(new URLSearchParams(fields).toString());
    const answer = await this.#send('POST', url, body, 'application/x-www-form-urlencoded');
    expectStatus(answer, 200, new URL(url).pathname);
    return JSON.parse(answer.body.toString()) as Record<string, string>;
  }

  #send(method: string, url: string, body?: Buffer, contentType?: string): Promise<Answer> {
    const options: RequestOptions = {
      method,
      agent: this.#agent,
      ca: this.#wanted.ca,
      headers: {
        ...(this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        'content-length': body?.length ?? 0,
      },
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(url, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
        });
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function expectStatus({ status, body }: Answer, expected: number, what: string): void {
  if (status !== expected)
    throw new Error(`the registry answered ${status} to ${what}: ${body.toString().slice(0, 500)}`);
}
