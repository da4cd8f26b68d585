import assert from 'node:assert/strict';
import { digestOf } from '../../../core/model/digest.ts';
import type { ImageFacts } from '../../../core/model/image-facts.ts';
import { assessImage, noRules, type ImageRules } from '../../../core/model/image-rules.ts';

const now = Date.parse('2026-01-31T00:00:00Z');
const variant = (platform: string, revision?: string): ImageFacts['variants'][number] => ({
  platform,
  labels: revision === undefined ? {} : { revision },
  createdAt: '2026-01-01T00:00:00Z',
});
const facts: ImageFacts = {
  name: 'web',
  digest: digestOf('web'),
  mediaType: 'application/vnd.oci.image.index.v1+json',
  size: 50_000_000,
  platforms: ['linux/amd64', 'linux/arm64'],
  variants: [variant('linux/amd64', 'abc'), variant('linux/arm64', 'abc')],
  annotations: {},
  referrers: [],
};

describe('an image and its rules', () => {
  it('meets no rules at all', () => {
    assert.deepEqual(assessImage(facts, noRules, now), []);
  });

  const broken: readonly [string, Partial<ImageRules>, Partial<ImageFacts>, RegExp][] = [
    [
      'lacks a platform',
      { platforms: ['linux/amd64', 'linux/s390x'] },
      {},
      /lacks linux\/s390x; it has linux\/amd64, linux\/arm64/,
    ],
    ['has another label', { labels: { revision: 'def' } }, {}, /revision is "abc", not "def"/],
    [
      'has the label on one platform only',
      { labels: { revision: 'abc' } },
      { variants: [variant('linux/amd64', 'abc'), variant('linux/arm64')] },
      /absent/,
    ],
    ['is too old', { maxAge: 7 * 86_400_000 }, {}, /30 days old, more than 7 days/],
    ['does not say how old it is', { maxAge: 1 }, { variants: [] }, /does not say when/],
    [
      'lacks an attachment',
      { referrers: ['application/spdx+json'] },
      {},
      /nothing of type application\/spdx\+json/,
    ],
    [
      'was not asked for its attachments',
      { referrers: ['application/spdx+json'] },
      { referrers: undefined },
      /nothing of type/,
    ],
    [
      'is of another type',
      { mediaTypes: ['application/vnd.oci.image.manifest.v1+json'] },
      {},
      /media type is/,
    ],
    ['is too large', { maxSize: 10_000_000 }, {}, /50\.0 MB, more than 10\.0 MB/],
  ];
  for (const [name, rules, change, expected] of broken) {
    it(`that it ${name} is found`, () => {
      const findings = assessImage({ ...facts, ...change }, { ...noRules, ...rules }, now);
      assert.equal(findings.length, 1);
      assert.match(findings[0]?.message ?? '', expected);
    });
  }

  it('are reported together', () => {
    const rules = { ...noRules, platforms: ['linux/s390x'], labels: { revision: 'def' }, maxSize: 1 };
    assert.deepEqual(
      assessImage(facts, rules, now).map(({ code }) => code),
      ['PlatformMissing', 'LabelMismatch', 'ImageUnfit'],
    );
  });
});
