import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  bundleMediaType,
  formatBundle,
  readAttestation,
  type Attestation,
} from '../../../core/model/attestation.ts';
import { digestOf } from '../../../core/model/digest.ts';
import { parseVerificationKeys, pemSigner, signEnvelope } from '../../../core/model/dsse.ts';
import { isDeliveryError } from '../../../core/model/errors.ts';
import { assessEvidence, parseEvidenceRules } from '../../../core/model/evidence.ts';
import type { GateVerdict } from '../../../core/model/release.ts';
import { formatStatement, parseVerdictStatement, statementMediaType } from '../../../core/model/statement.ts';
import { digestFor, resolved, verdict } from '../../support/sample-release.ts';

function keyPair() {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { signer: pemSigner(pem, 'key'), keys: parseVerificationKeys(publicPem, 'keys'), pem, publicPem };
}

const trusted = keyPair();
const stranger = keyPair();
const hour = 3_600_000;
const now = Date.parse('2026-11-21T12:00:00Z');
const storefront = digestFor('storefront');
const manifest = digestOf('referrer');

function payloadOf(change: Partial<GateVerdict> = {}) {
  return formatStatement(resolved, verdict(change), () => undefined);
}

async function attestation(change: Partial<GateVerdict> = {}, signer = trusted.signer): Promise<Attestation> {
  const envelope = await signEnvelope(statementMediaType, payloadOf(change), signer);
  const read = readAttestation(manifest, bundleMediaType, formatBundle(envelope, signer.keyId));
  assert.ok(read);
  return read;
}

function unsigned(change: Partial<GateVerdict> = {}): Attestation {
  const read = readAttestation(manifest, statementMediaType, payloadOf(change));
  assert.ok(read);
  return read;
}

function assess(rule: string, attestations: readonly Attestation[], digest = storefront) {
  return assessEvidence(
    parseEvidenceRules([rule]),
    [{ image: 'storefront', digest, attestations }],
    trusted.keys,
    now,
  );
}

const rule = 'gate=acceptance environment=staging';

describe('evidence of a verdict', () => {
  it('is read back from the statement that was signed', () => {
    const statement = parseVerdictStatement(payloadOf());
    assert.equal(statement?.gate, 'acceptance');
    assert.equal(statement.verdict, 'passed');
    assert.deepEqual(statement.subjects[0], { name: 'storefront', digest: storefront });
  });

  it('calls nothing but a pass PASSED', () => {
    for (const [said, result] of [
      ['passed', 'PASSED'],
      ['failed', 'FAILED'],
      ['inconclusive', 'FAILED'],
    ] as const) {
      const document = JSON.parse(Buffer.from(payloadOf({ verdict: said })).toString()) as {
        predicate: { result: string };
      };
      assert.equal(document.predicate.result, result);
    }
  });

  it('satisfies a rule when it is signed by a trusted key', async () => {
    const { accepted, missing } = assess(rule, [await attestation()]);
    assert.deepEqual(missing, []);
    assert.equal(accepted[0]?.keyId, trusted.signer.keyId);
    assert.equal(accepted[0].manifest, manifest);
  });

  const refused: readonly [string, string, () => Promise<readonly Attestation[]>, RegExp][] = [
    ['nothing is attached', rule, () => Promise.resolve([]), /there is no evidence$/],
    [
      'another gate passed',
      'gate=soak environment=staging',
      async () => [await attestation()],
      /there is no evidence$/,
    ],
    [
      'it passed elsewhere',
      'gate=acceptance environment=production',
      async () => [await attestation()],
      /there is no evidence$/,
    ],
    [
      'it is about another digest',
      rule,
      async () => [await attestation({ images: [{ image: 'storefront', digest: digestOf('other') }] })],
      /is about other digests$/,
    ],
    [
      'a stranger signed it',
      rule,
      async () => [await attestation({}, stranger.signer)],
      /none of the signatures is by a trusted key$/,
    ],
    ['nobody signed it', rule, () => Promise.resolve([unsigned()]), /the evidence is not signed$/],
    [
      'the gate failed',
      rule,
      async () => [await attestation({ verdict: 'failed', reason: 'page: 500' })],
      /is failed: page: 500$/,
    ],
    [
      'the gate was inconclusive',
      rule,
      async () => [await attestation({ verdict: 'inconclusive', reason: 'no answer' })],
      /is inconclusive: no answer$/,
    ],
    [
      'a later failure withdraws an earlier pass',
      rule,
      async () => [
        await attestation(),
        await attestation({ verdict: 'failed', reason: 'later', finishedAt: '2026-11-21T05:00:00Z' }),
      ],
      /is failed: later$/,
    ],
    [
      'it is too old',
      `${rule} maxAge=1h`,
      async () => [await attestation()],
      /the newest pass is 10h 44m old, allowed are 1h$/,
    ],
    [
      'it has not soaked',
      `${rule} minSoak=1d`,
      async () => [await attestation()],
      /first accepted there 10h 44m ago, needed are 1d$/,
    ],
    [
      'it is of a time to come',
      rule,
      async () => [await attestation({ finishedAt: '2026-11-22T00:00:00Z' })],
      /which is to come$/,
    ],
  ];
  for (const [what, text, attestations, message] of refused) {
    it(`does not satisfy when ${what}`, async () => {
      const { accepted, missing } = assess(text, await attestations());
      assert.deepEqual(accepted, []);
      assert.match(missing[0] ?? '', message);
      assert.match(missing[0] ?? '', /^storefront sha256:[0-9a-f]{12}: gate /);
    });
  }

  it('does not satisfy when its payload was changed after signing', async () => {
    const honest = await attestation({ verdict: 'failed' });
    const { envelope } = honest;
    assert.ok(envelope);
    const payload = Buffer.from(payloadOf()).toString('base64');
    const forged = readAttestation(
      manifest,
      bundleMediaType,
      formatBundle({ ...envelope, payload }, trusted.signer.keyId),
    );
    assert.equal(forged?.statement.verdict, 'passed');
    assert.match(assess(rule, [forged]).missing[0] ?? '', /none of the signatures is by a trusted key$/);
  });

  it('does not satisfy when its payload type was changed after signing', async () => {
    const envelope = await signEnvelope('text/plain', payloadOf(), trusted.signer);
    const retyped = { ...envelope, payloadType: statementMediaType };
    const forged = readAttestation(manifest, bundleMediaType, formatBundle(retyped, trusted.signer.keyId));
    assert.ok(forged);
    assert.match(assess(rule, [forged]).missing[0] ?? '', /trusted key$/);
  });

  it('is not withdrawn by a failure that a stranger signed', async () => {
    const later = { verdict: 'failed', reason: 'x', finishedAt: '2026-11-21T05:00:00Z' } as const;
    const found = [await attestation(), await attestation(later, stranger.signer), unsigned(later)];
    assert.deepEqual(assess(rule, found).missing, []);
  });

  it('soaks from the first pass, and is fresh by the newest', async () => {
    const early = await attestation({ finishedAt: '2026-11-19T00:00:00Z' });
    const late = await attestation({ finishedAt: '2026-11-21T11:30:00Z' });
    assert.deepEqual(assess(`${rule} maxAge=1h minSoak=2d`, [late, early]).missing, []);
  });

  it('may be unsigned where the author lets it', () => {
    const { accepted, missing } = assess(`${rule} unsigned=allow`, [unsigned()]);
    assert.deepEqual(missing, []);
    assert.equal(accepted[0]?.keyId, undefined);
  });

  it('with a bad signature is not taken for unsigned', async () => {
    const forged = await attestation({}, stranger.signer);
    assert.match(assess(`${rule} unsigned=allow`, [forged]).missing[0] ?? '', /trusted key$/);
  });

  it('of every environment that is asked for is listed when it is missing', async () => {
    const rules = parseEvidenceRules([
      rule,
      'gate=acceptance,environment=preview',
      'gate=soak environment=staging',
    ]);
    const images = [{ image: 'storefront', digest: storefront, attestations: [await attestation()] }];
    const { accepted, missing } = assessEvidence(rules, images, trusted.keys, now);
    assert.equal(accepted.length, 1);
    assert.equal(missing.length, 2);
  });
});

describe('what is no evidence', () => {
  for (const [what, type, content] of [
    ['no JSON', bundleMediaType, 'hello'],
    [
      'another statement',
      statementMediaType,
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'https://slsa.dev/provenance/v1',
      }),
    ],
    ['a bundle of a message signature', bundleMediaType, JSON.stringify({ messageSignature: {} })],
    [
      'a test result of somebody else',
      statementMediaType,
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
        predicate: { result: 'PASSED' },
      }),
    ],
    [
      'one of ours without a verdict',
      statementMediaType,
      Buffer.from(payloadOf()).toString().replace('"verdict":"passed"', '"verdict":"great"'),
    ],
  ] as const) {
    it(`is ${what}`, () => {
      assert.equal(readAttestation(manifest, type, Buffer.from(content)), undefined);
    });
  }
});

describe('the input requireEvidence', () => {
  it('reads durations', () => {
    assert.deepEqual(parseEvidenceRules([`${rule}, maxAge=7d minSoak=90m unsigned=allow`]), [
      { gate: 'acceptance', environment: 'staging', unsigned: true, maxAge: 168 * hour, minSoak: 1.5 * hour },
    ]);
  });

  for (const [line, message] of [
    ['gate=acceptance', /environment= is missing/],
    ['environment=staging', /gate= is missing/],
    ['gate=a environment=b signer=c', /"signer=c" is not one of gate=/],
    ['gate=a environment=b maxAge=soon', /maxAge is "soon", which is no duration/],
    ['gate=a gate=b environment=c', /gate is there twice/],
    ['gate=a environment=b unsigned=yes', /unsigned can only be "allow"/],
    ['acceptance', /"acceptance" is not one of/],
  ] as const) {
    it(`refuses "${line}"`, () => {
      assert.throws(
        () => parseEvidenceRules([line]),
        (error) => isDeliveryError(error) && error.code === 'InputInvalid' && message.test(error.message),
      );
    });
  }
});

describe('a key', () => {
  for (const type of ['ec', 'rsa', 'ed25519'] as const) {
    it(`of type ${type} signs and verifies`, async () => {
      const pair =
        type === 'ec'
          ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
          : type === 'rsa'
            ? generateKeyPairSync('rsa', { modulusLength: 2048 })
            : generateKeyPairSync('ed25519');
      const signer = pemSigner(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'key');
      const [key] = parseVerificationKeys(
        pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        'keys',
      );
      const signature = await signer.sign(Buffer.from('words'));
      assert.equal(key?.verify(Buffer.from('words'), signature), true);
      assert.equal(key.verify(Buffer.from('other'), signature), false);
      assert.equal(key.verify(Buffer.from('words'), Buffer.from('x')), false);
      assert.equal(key.keyId, signer.keyId);
    });
  }

  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  for (const [what, run] of [
    ['no PEM', () => parseVerificationKeys('hello', 'keys')],
    ['a private key where a public one belongs', () => parseVerificationKeys(trusted.pem, 'keys')],
    [
      'a weak RSA key',
      () => parseVerificationKeys(weak.publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'keys'),
    ],
    [
      'another curve',
      () => pemSigner(curve.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'key'),
    ],
    ['no private key', () => pemSigner(trusted.publicPem, 'key')],
  ] as const) {
    it(`is refused: ${what}`, () => {
      assert.throws(run, (error) => isDeliveryError(error) && error.code === 'InputInvalid');
    });
  }

  it('is found among several', () => {
    assert.equal(parseVerificationKeys(`${stranger.publicPem}\n${trusted.publicPem}`, 'keys').length, 2);
  });
});
