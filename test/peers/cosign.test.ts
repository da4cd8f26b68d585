import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { HttpClient } from '../../core/clients/http/client.ts';
import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import { createRegistry } from '../../core/clients/registry/client.ts';
import { anonymous } from '../../core/clients/registry/credential.ts';
import type { Registry } from '../../core/clients/registry/registry.ts';
import { mediaTypes } from '../../core/model/descriptor.ts';
import { digestOf } from '../../core/model/digest.ts';
import { pemSigner } from '../../core/model/dsse.ts';
import { testResultType } from '../../core/model/statement.ts';
import { attachEvidence } from '../../core/operations/gate/evidence.ts';
import { components } from '../../sandbox/build/components.ts';
import { resolved, verdict } from '../support/sample-release.ts';
import { cosign } from './cosign.ts';

const run = promisify(execFile);

function keyPair(type: 'ec' | 'rsa' | 'ed25519') {
  const pair =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  return {
    signer: pemSigner(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'key'),
    publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

for (const [what, flag] of [
  ['with the referrers API', 'true'],
  ['without the referrers API', 'false'],
] as const) {
  describe(`cosign, at a registry ${what}`, function () {
    this.timeout(120_000);
    let program: string;
    let directory: string;
    let server: ChildProcess;
    let host: string;
    let registry: Registry;
    let http: HttpClient;

    before(async function () {
      this.timeout(15 * 60_000);
      program = await cosign();
      directory = await mkdtemp(join(tmpdir(), 'cosign-'));
      const built = await components(['registry']);
      const child = spawn(built.registry, ['oci', '--listen', '127.0.0.1:0', `--referrers=${flag}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      server = child;
      const [address] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      host = address.replace('127.0.0.1', 'localhost');
      http = new HttpClient({ clock: systemClock, deadline: deadlineIn(15 * 60_000, 'the test') });
      registry = createRegistry({
        host,
        http,
        clock: systemClock,
        credential: anonymous,
        onSecret: () => undefined,
      });
    });

    after(async () => {
      http.close();
      server.kill();
      await once(server, 'close');
      await rm(directory, { recursive: true });
    });

    /** An image with a verdict of ours beside it. */
    async function attest(path: string, signer: Parameters<typeof attachEvidence>[2]['signer']) {
      const config = Buffer.from(`{"name":"${path}"}`);
      const described = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length };
      await registry.putBlob(path, described, config);
      const bytes = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.ociManifest,
          config: described,
          layers: [],
        }),
      );
      const digest = digestOf(bytes);
      const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: bytes.length };
      await registry.putManifest(path, digest, { bytes, descriptor });
      const images = resolved.images
        .slice(0, 1)
        .map((image) => ({ ...image, digest, repository: { registry: host, path } }));
      const release = { ...resolved, images };
      const judged = verdict({ images: [{ image: 'storefront', digest }] });
      const log = {
        phase: () => undefined,
        line: () => undefined,
        warning: () => undefined,
        debug: () => undefined,
      };
      await attachEvidence(release, judged, {
        registry: () => registry,
        signer,
        log,
        signal: AbortSignal.timeout(60_000),
      });
      return { reference: `${host}/${path}@${digest}`, digest };
    }

    async function verify(reference: string, publicPem: string): Promise<string> {
      const key = join(directory, 'key.pub');
      await writeFile(key, publicPem);
      const { stdout } = await run(program, [
        'verify-attestation',
        `--key=${key}`,
        `--type=${testResultType}`,
        '--insecure-ignore-tlog',
        '--allow-http-registry',
        reference,
      ]);
      return stdout;
    }

    for (const type of ['ec', 'rsa', 'ed25519'] as const) {
      it(`accepts evidence signed with a key of type ${type}`, async () => {
        const { signer, publicPem } = keyPair(type);
        const { reference, digest } = await attest(`shop/${type}`, signer);
        const { payload } = JSON.parse(await verify(reference, publicPem)) as { payload: string };
        const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
          subject: { digest: { sha256: string } }[];
          predicate: { result: string };
        };
        assert.equal(statement.subject[0]?.digest.sha256, digest.slice('sha256:'.length));
        assert.equal(statement.predicate.result, 'PASSED');
      });
    }

    it('refuses it with another key, and without a signature', async () => {
      const { reference } = await attest('shop/stranger', keyPair('ec').signer);
      await assert.rejects(verify(reference, keyPair('ec').publicPem), /no matching attestations/);
      const unsigned = await attest('shop/unsigned', undefined);
      await assert.rejects(
        verify(unsigned.reference, keyPair('ec').publicPem),
        /no matching attestations|not found/,
      );
    });
  });
}
