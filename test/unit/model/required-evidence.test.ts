import assert from 'node:assert/strict';
import { digestOf } from '../../../core/model/digest.ts';
import type { GateVerdict, Release, ReleaseImage, Verdict } from '../../../core/model/release.ts';
import { missingEvidence } from '../../../core/model/required-evidence.ts';

const image: ReleaseImage = {
  name: 'web',
  source: 'contoso.azurecr.io/shop/web:1',
  repository: { registry: 'contoso.azurecr.io', path: 'shop/web' },
  digest: digestOf('web'),
  mediaType: 'application/vnd.oci.image.index.v1+json',
  size: 1,
  platforms: [],
};

const verdict = (what: Verdict, minute: number, digest = image.digest): GateVerdict => ({
  gate: 'acceptance',
  environment: 'staging',
  verdict: what,
  reason: 'because',
  images: [{ image: 'web', digest }],
  checks: [],
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: `2026-01-01T00:0${minute}:00Z`,
});

const release = (...verdicts: readonly GateVerdict[]): Release => ({
  schemaVersion: 1,
  name: '1',
  createdAt: '2026-01-01T00:00:00Z',
  images: [image],
  promotions: [],
  deployments: [],
  verdicts,
});

describe('required evidence', () => {
  it('is there when the latest verdict of the gate, or of the environment, passed', () => {
    const record = release(verdict('failed', 1), verdict('passed', 2));
    assert.deepEqual(missingEvidence(record, image, ['acceptance', 'staging']), []);
  });

  const cases: readonly [string, Release, RegExp][] = [
    ['there is no verdict', release(), /no verdict of staging/],
    [
      'the verdict is about another digest',
      release(verdict('passed', 1, digestOf('other'))),
      /no verdict of staging/,
    ],
    [
      'the latest verdict failed',
      release(verdict('passed', 1), verdict('failed', 2)),
      /staging says failed: because/,
    ],
    ['nothing could be measured', release(verdict('inconclusive', 1)), /inconclusive/],
  ];
  for (const [name, record, expected] of cases) {
    it(`is missing when ${name}`, () => {
      assert.match(missingEvidence(record, image, ['staging'])[0] ?? '', expected);
    });
  }
});
