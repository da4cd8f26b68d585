import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readAttestation, type Attestation } from '../../core/model/attestation.ts';
import { mediaTypes } from '../../core/model/descriptor.ts';
import { parseDigest } from '../../core/model/digest.ts';
import { parseVerificationKeys } from '../../core/model/dsse.ts';
import { assessEvidence, parseEvidenceRules } from '../../core/model/evidence.ts';
import { isObject } from '../../core/model/json.ts';
import type { Release } from '../../core/model/release.ts';
import type { Run } from '../../sandbox/azure/devops-run.ts';
import { agentMachine } from '../../sandbox/world/agent-environment.ts';
import { serviceConnections } from '../../sandbox/world/connections.ts';
import { smallImage, startAzureFixture, type AzureFixture } from '../support/azure-fixture.ts';
import { type GateTask, openGateTask } from '../support/gate/gate-task.ts';

const rule = 'gate=acceptance environment=staging';

describe('the evidence that acceptance-gate attaches', function () {
  this.timeout(300_000);
  let azure: AzureFixture;
  let run: Run;
  let gate: GateTask;
  let service: Server;
  let address: string;
  let status = 200;
  let signingKey: string;
  let strangeKey: string;
  let keyFile: string;
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = parseVerificationKeys(
    pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    'keys',
  );

  before(async () => {
    azure = await startAzureFixture();
    run = await azure.azure.devops.startRun({ pipeline: 'shop-ci', commit: '8'.repeat(40) });
    const machine = agentMachine(azure.azure, []);
    gate = await openGateTask('', {
      connections: serviceConnections(azure.azure),
      environment: machine.environment,
      variables: {
        ...machine.variables,
        'System.PlanId': run.planId,
        'System.JobId': run.jobId,
        'System.OidcRequestUri': run.oidcRequestUri,
      },
      accessToken: run.accessToken,
    });
    service = createServer((_request, response) => {
      response.statusCode = status;
      response.end('hello');
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    address = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`;
    signingKey = join(gate.directory, 'signing.pem');
    const pem = pair.privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open sesame',
    });
    await writeFile(signingKey, pem);
    keyFile = join(gate.directory, 'gates.pub.pem');
    await writeFile(keyFile, pair.publicKey.export({ type: 'spki', format: 'pem' }));
    strangeKey = join(gate.directory, 'strange.pem');
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(strangeKey, stranger.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  });

  after(async () => {
    service.close();
    await gate.stop();
    await azure.stop();
  });

  async function releaseOf(name: string): Promise<Release> {
    const image = await smallImage(name);
    await azure.push(image, `shop/${name}`, '1.0.0');
    const registry = azure.azure.registries.nonprod.loginServer;
    return {
      schemaVersion: 1,
      name: '1.0.0',
      createdAt: '2026-11-21T01:00:00Z',
      images: [
        {
          name,
          source: `${registry}/shop/${name}:1.0.0`,
          repository: { registry, path: `shop/${name}` },
          digest: parseDigest(image.digest),
          mediaType: mediaTypes.ociIndex,
          size: 1,
          platforms: [],
        },
      ],
      promotions: [],
      deployments: [],
      verdicts: [],
    };
  }

  const judge = (release: Release, inputs: Readonly<Record<string, string>> = {}) =>
    gate.run(
      release,
      { checks: [{ name: 'page', kind: 'http', url: address }] },
      { inputs: { connectionType: 'none', containerRegistry: 'shop-ci', ...inputs } },
    );
  const signed = () => ({ signingKey, signingKeyPassphrase: 'open sesame' });

  /** What lies in the registry, read past the product's own client. */
  async function attestationsOf(release: Release): Promise<readonly Attestation[]> {
    const attached = release.verdicts.flatMap((verdict) => verdict.evidence?.attached ?? []);
    const found: Attestation[] = [];
    for (const { repository, manifest } of attached) {
      const stored = await azure.azure.registries.nonprod.manifest(repository.path, manifest);
      const document: unknown = JSON.parse(String(stored));
      assert.ok(isObject(document) && isObject(document['subject']) && Array.isArray(document['layers']));
      assert.equal(document['subject']['digest'], release.images[0]?.digest);
      const [layer] = document['layers'] as { digest: string }[];
      const hex = layer?.digest.slice('sha256:'.length) ?? '';
      const blobs = join(azure.azure.registries.nonprod.dataDirectory, 'docker/registry/v2/blobs/sha256');
      const blob = await readFile(join(blobs, hex.slice(0, 2), hex, 'data'));
      const attestation = readAttestation(manifest, String(document['artifactType']), blob);
      assert.ok(attestation);
      found.push(attestation);
    }
    return found;
  }

  it('is signed, about the digest, and satisfies the rule', async () => {
    const release = await releaseOf('signed');
    const { record, result, lines } = await judge(release, signed());
    assert.equal(result, 'succeeded', lines.join('\n'));
    assert.equal(record.verdicts[0]?.evidence?.keyId, keys[0]?.keyId);
    const attestations = await attestationsOf(record);
    const [image] = record.images;
    assert.ok(image);
    const images = [{ image: image.name, digest: image.digest, attestations }];
    assert.deepEqual(assessEvidence(parseEvidenceRules([rule]), images, keys, Date.now()).missing, []);
  });

  it('is attached for a failure too, which then withdraws the pass', async () => {
    const release = await releaseOf('withdrawn');
    const passed = await judge(release, signed());
    status = 500;
    const failed = await judge(passed.record, signed());
    status = 200;
    assert.equal(failed.result, 'failed');
    const [image] = failed.record.images;
    assert.ok(image);
    const attestations = await attestationsOf(failed.record);
    assert.equal(attestations.length, 2);
    const images = [{ image: image.name, digest: image.digest, attestations }];
    const { missing } = assessEvidence(parseEvidenceRules([rule]), images, keys, Date.now());
    assert.match(missing[0] ?? '', /is failed: page: status 500/);
  });

  it('is kept unsigned where there is no key, with a warning, and is not believed', async () => {
    const { record, result, issues } = await judge(await releaseOf('unsigned'));
    assert.equal(result, 'succeeded');
    assert.match(issues[0]?.message ?? '', /The evidence is not signed/);
    assert.equal(record.verdicts[0]?.evidence?.keyId, undefined);
    const [image] = record.images;
    assert.ok(image);
    const images = [{ image: image.name, digest: image.digest, attestations: await attestationsOf(record) }];
    assert.match(
      assessEvidence(parseEvidenceRules([rule]), images, keys, Date.now()).missing[0] ?? '',
      /is not signed$/,
    );
  });

  const promotion = () => ({
    sourceRegistry: 'shop-promotion-source',
    containerRegistry: 'shop-promotion',
    requireEvidence: `${rule} maxAge=1h`,
    evidenceKeys: keyFile,
  });

  it('lets the image be promoted, and goes along', async () => {
    const { record } = await judge(await releaseOf('proven'), signed());
    const run = await gate.promote(record, promotion());
    assert.equal(run.result, 'succeeded', run.lines.join('\n'));
    assert.ok(
      run.lines.some((line) => /^proven: gate acceptance in staging passed at .*, signed by/.test(line)),
    );
    const manifest = record.verdicts[0]?.evidence?.attached[0]?.manifest ?? '';
    const { prod, nonprod } = azure.azure.registries;
    assert.deepEqual(
      await prod.manifest('shop/proven', manifest),
      await nonprod.manifest('shop/proven', manifest),
    );
    assert.notEqual(await prod.manifest('shop/proven', manifest), undefined);
  });

  for (const [what, prove, message] of [
    ['was not judged', (release: Release) => Promise.resolve({ record: release }), /there is no evidence/],
    ['was judged without a signature', (release: Release) => judge(release), /the evidence is not signed/],
    [
      'was judged by a strange key',
      (release: Release) => judge(release, { signingKey: strangeKey }),
      /none of the signatures is by a trusted key/,
    ],
  ] as const) {
    it(`is missed where the image ${what}: production stays as it was`, async () => {
      const before = await azure.azure.registries.prod.digestTree();
      const { record } = await prove(await releaseOf('unproven'));
      const run = await gate.promote(record, promotion());
      assert.equal(run.result, 'failed');
      assert.match(
        run.issues.at(-1)?.message ?? '',
        /^EvidenceMissing: promotion lacks evidence: unproven sha256:/,
      );
      assert.match(run.issues.at(-1)?.message ?? '', message);
      assert.deepEqual(await azure.azure.registries.prod.digestTree(), before);
      assert.deepEqual(run.record.promotions, []);
    });
  }

  it('can be gone without by name and reason, which is on record', async () => {
    const reason = 'hotfix for the outage of 21 November';
    const run = await gate.promote(await releaseOf('hotfix'), {
      ...promotion(),
      overrideEvidence: `acceptance/staging: ${reason}`,
    });
    assert.equal(run.result, 'succeeded', run.lines.join('\n'));
    const [override] = run.record.overrides ?? [];
    assert.equal(override?.reason, reason);
    assert.equal(override.by, 'Release manager');
    assert.match(override.missing[0] ?? '', /^hotfix sha256:.*there is no evidence$/);
  });

  it('does not pass over an image that is not in the registry', async () => {
    const release = await releaseOf('gone');
    const images = release.images.map((image) => ({
      ...image,
      digest: parseDigest(`sha256:${'0'.repeat(64)}`),
    }));
    const { result, issues } = await judge({ ...release, images }, signed());
    assert.equal(result, 'failed');
    assert.match(issues[0]?.message ?? '', /ImageNotFound: .* is not there to attach evidence to/);
  });

  for (const [what, inputs, message] of [
    [
      'a wrong passphrase',
      () => ({ ...signed(), signingKeyPassphrase: 'wrong' }),
      /InputInvalid: input "signingKey" is not a private key/,
    ],
    ['a key that is not there', () => ({ signingKey: 'nowhere.pem' }), /FileNotFound: input "signingKey"/],
    [
      'a key without a registry',
      () => ({ ...signed(), containerRegistry: '' }),
      /InputMissing: input "containerRegistry" is missing/,
    ],
  ] as const) {
    it(`is refused with ${what}, before anything is measured`, async () => {
      const release = await releaseOf('refused');
      const { result, issues, record } = await judge(release, inputs());
      assert.equal(result, 'failed');
      assert.match(issues[0]?.message ?? '', message);
      assert.deepEqual(record.verdicts, []);
    });
  }
});
