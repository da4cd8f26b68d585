import assert from 'node:assert/strict';
import { formatJUnit } from '../../../../core/operations/gate/junit-file.ts';
import { formatLine, formatSummary } from '../../../../core/operations/gate/summary.ts';
import { checks, rejected, resolved, verdict } from '../../../support/sample-release.ts';

const failed = rejected.verdicts[0] ?? verdict();
const hostile = '<img src=x> | [a](javascript:x) `b` ]]> & "q"\n## heading \u0007';

describe('the JUnit file of a verdict', () => {
  it('has a test case per check, counted by what decides', () => {
    const xml = formatJUnit(resolved, failed);
    assert.match(
      xml,
      /<testsuite name="acceptance \(staging\)" tests="4" failures="1" errors="0" skipped="1" time="78"/,
    );
    assert.equal(xml.match(/<testcase /g)?.length, 4);
    assert.match(
      xml,
      /<testcase name="catalog under load"[^>]*><failure message="p95 612 ms, allowed are 200 ms/,
    );
    assert.match(xml, /<skipped message="advisory, inconclusive: the query found no sample"\/>/);
  });

  it('makes an inconclusive required check an error', () => {
    const inconclusive = verdict({
      verdict: 'inconclusive',
      checks: checks.map((check) => ({ ...check, required: true })),
    });
    assert.match(formatJUnit(resolved, inconclusive), /errors="1" skipped="0"/);
  });

  it('escapes text of outside origin', () => {
    const xml = formatJUnit(
      resolved,
      verdict({ checks: checks.map((check) => ({ ...check, reason: hostile })) }),
    );
    assert.ok(!xml.includes('<img'));
    assert.ok(!xml.includes('\u0007'));
    assert.match(
      xml,
      /&lt;img src=x&gt; \| \[a\]\(javascript:x\) `b` \]\]&gt; &amp; &quot;q&quot;&#10;## heading \ufffd/,
    );
  });
});

describe('the summary of a verdict', () => {
  it('begins with the verdict and its reason', () => {
    const text = formatSummary(resolved, failed);
    assert.match(text, /^### ❌ acceptance: failed\n\ncatalog under load: p95 612 ms/);
    assert.match(text, /\| ❔ inconclusive \| order latency trend \| prometheus \| advisory \|/);
  });

  it('shows text of outside origin as text', () => {
    const text = formatSummary(resolved, verdict({ reason: hostile, checks: [] }));
    assert.match(
      text,
      /&lt;img src=x&gt; \\\| \\\[a\\\]\\\(javascript:x\\\) \\`b\\` \\\]\\\]&gt; &amp; "q" \\#\\# heading/,
    );
    assert.ok(!text.includes('<img'));
  });

  it('fits one line as an output', () => {
    assert.equal(
      formatLine(failed),
      'failed: catalog under load: p95 612 ms, allowed are 200 ms, of 400 requests (2 passed, 1 failed, 1 inconclusive)',
    );
  });
});
