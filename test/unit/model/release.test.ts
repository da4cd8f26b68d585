import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { digestOf } from '../../../core/model/digest.ts';
import { isDeliveryError } from '../../../core/model/errors.ts';
import {
  formatRelease,
  imageNamed,
  locationsOf,
  parseRelease,
  referenceOf,
  withDeployment,
  withOverrides,
  withPromotions,
  withVerdict,
  type Promotion,
  type Release,
} from '../../../core/model/release.ts';
import { formatReference, parseRepository } from '../../../core/model/reference.ts';

const ajv = new Ajv2020({ allErrors: true });
formats.default(ajv);
const schemaFile = new URL('../../../core/model/release.schema.json', import.meta.url);
const isValid = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);

const at = '2026-01-31T12:00:00.000Z';
const digest = digestOf('storefront');
const nonprod = parseRepository('contosononprod.azurecr.io/shop/storefront');
const prod = parseRepository('contosoprod.azurecr.io/shop/storefront');
const run = {
  id: '42',
  pipeline: 'shop-ci',
  number: '20260131.1',
  url: 'https://dev.azure.com/contoso/shop/42',
};

const resolved: Release = {
  schemaVersion: 1,
  name: '1.2.0',
  createdAt: at,
  source: {
    repository: 'https://dev.azure.com/contoso/shop/_git/shop',
    branch: 'refs/heads/main',
    commit: 'abc',
  },
  run,
  images: [
    {
      name: 'storefront',
      source: 'contosononprod.azurecr.io/shop/storefront:1.2.0',
      repository: nonprod,
      digest,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      size: 1234,
      platforms: ['linux/amd64', 'linux/arm64'],
      createdAt: at,
      commit: 'abc',
      version: '1.2.0',
      run,
    },
  ],
  promotions: [],
  deployments: [],
  verdicts: [],
};

const promotion: Promotion = {
  image: 'storefront',
  digest,
  from: nonprod,
  to: prod,
  tags: ['1.2.0'],
  method: 'copy',
  bytes: 1234,
  at,
  run,
};

const judged = withVerdict(
  withDeployment(withPromotions(resolved, [promotion]), {
    environment: 'production',
    cluster: 'shop-production',
    namespace: 'shop',
    strategy: 'rolling',
    images: [{ image: 'storefront', repository: prod, digest, previous: digest }],
    objects: [
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'storefront', action: 'created' },
    ],
    outcome: 'failed',
    reason: 'Deployment shop/storefront: crashed',
    startedAt: at,
    finishedAt: at,
    run,
  }),
  {
    gate: 'acceptance',
    environment: 'staging',
    verdict: 'passed',
    reason: '1 of 1 checks passed',
    images: [{ image: 'storefront', digest }],
    checks: [
      {
        name: 'page',
        kind: 'http',
        verdict: 'passed',
        required: true,
        reason: '3 of 3 answered 200',
        measurements: 3,
        series: [{ name: 'time', unit: 'milliseconds', limit: 500, points: [12, 9.5, 14] }],
        startedAt: at,
        finishedAt: at,
      },
    ],
    evidence: {
      keyId: 'a'.repeat(64),
      attached: [{ image: 'storefront', repository: nonprod, manifest: digest }],
    },
    startedAt: at,
    finishedAt: at,
    run,
  },
);

const full = withOverrides(judged, [
  {
    gate: 'soak',
    environment: 'staging',
    reason: 'outage',
    by: 'Release manager',
    action: 'promotion',
    missing: ['storefront: there is no evidence'],
    at,
    run,
  },
]);

/** A copy of the full record's JSON with one change, for the refusals. */
function changed(change: (document: Record<string, object[]>) => void): string {
  const document = JSON.parse(formatRelease(full)) as Record<string, object[]>;
  change(document);
  return JSON.stringify(document);
}

describe('the release record', () => {
  for (const [name, release] of Object.entries({ resolved, full })) {
    it(`${name}: is read back as it was written`, () => {
      assert.deepEqual(parseRelease(formatRelease(release)), release);
    });

    it(`${name}: is valid against the published schema`, () => {
      isValid(JSON.parse(formatRelease(release)));
      assert.deepEqual(isValid.errors, null);
    });
  }

  it('knows every registry that holds an image', () => {
    assert.deepEqual(locationsOf(resolved, imageNamed(resolved, 'storefront')), [nonprod]);
    assert.deepEqual(locationsOf(full, imageNamed(full, 'storefront')), [nonprod, prod]);
  });

  it('does not count a promotion of other bytes', () => {
    const other = withPromotions(resolved, [{ ...promotion, digest: digestOf('other') }]);
    assert.deepEqual(locationsOf(other, imageNamed(other, 'storefront')), [nonprod]);
  });

  it('refers to an image by digest alone', () => {
    assert.equal(
      formatReference(referenceOf(imageNamed(full, 'storefront'))),
      `${nonprod.registry}/${nonprod.path}@${digest}`,
    );
  });

  it('names the images it has when asked for another', () => {
    assert.throws(
      () => imageNamed(full, 'basket'),
      (error) =>
        isDeliveryError(error) && error.code === 'ReleaseImageUnknown' && /storefront/.test(error.hint ?? ''),
    );
  });

  it('ignores fields that it does not know', () => {
    assert.deepEqual(parseRelease(changed((document) => Object.assign(document, { later: {} }))), full);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['text that is not JSON', '{', /release\.json is not JSON/],
    ['a list', '[]', /must be an object, not a list/],
    ['another schema version', changed((d) => Object.assign(d, { schemaVersion: 2 })), /schema version 2/],
    ['no images', changed((d) => Object.assign(d, { images: [] })), /images is empty/],
    [
      'two images of one name',
      changed((d) => Object.assign(d, { images: [d['images']?.[0], d['images']?.[0]] })),
      /two images named "storefront"/,
    ],
    [
      'a digest that is none',
      changed((d) => Object.assign(d['images']?.[0] ?? {}, { digest: 'sha256:1' })),
      /images\[0\]\.digest: "sha256:1" is not a digest/,
    ],
    [
      'a repository with a tag',
      changed((d) => Object.assign(d['images']?.[0] ?? {}, { repository: 'a.io/b:1' })),
      /images\[0\]\.repository/,
    ],
    [
      'a size below zero',
      changed((d) => Object.assign(d['images']?.[0] ?? {}, { size: -1 })),
      /images\[0\]\.size must be a whole number, zero or more, not -1/,
    ],
    [
      'an unknown outcome',
      changed((d) => Object.assign(d['deployments']?.[0] ?? {}, { outcome: 'fine' })),
      /deployments\[0\]\.outcome must be one of succeeded, failed, rolledBack, not "fine"/,
    ],
    [
      'a local time',
      changed((d) => Object.assign(d['promotions']?.[0] ?? {}, { at: '2026-01-31T12:00:00+01:00' })),
      /promotions\[0\]\.at must be a time in UTC/,
    ],
    ['a missing name', changed((d) => Object.assign(d, { name: undefined })), /\.name is missing/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}, naming the field`, () => {
      assert.throws(
        () => parseRelease(text),
        (error) => isDeliveryError(error) && error.code === 'ReleaseInvalid' && message.test(error.message),
      );
    });
  }

  it('and the schema refuse the same documents, but for uniqueness of names', () => {
    for (const [what, text] of refused) {
      if (what === 'text that is not JSON' || what === 'two images of one name') continue;
      assert.equal(isValid(JSON.parse(text)), false, what);
    }
  });
});
