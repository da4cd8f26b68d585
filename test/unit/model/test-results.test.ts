import assert from 'node:assert/strict';
import { assessTests, parseTestResults, type TestCounts } from '../../../core/model/test-results.ts';
import { elementsNamed, parseXml, XmlError } from '../../../core/model/xml.ts';

const junit = `<?xml version="1.0" encoding="UTF-8"?>
<!-- written by a runner -->
<testsuites tests="99" failures="0">
  <testsuite name="shop">
    <testcase classname="cart" name="adds"/>
    <testcase classname="cart" name="removes"><failure message="expected 1 &lt; 2 &#38; 3"><![CDATA[at <cart.ts>]]></failure></testcase>
    <testcase name="pays"><error>boom
 at pay.ts</error></testcase>
    <testcase name="later"><skipped/></testcase>
    <testcase name="shaky"><flakyFailure message="once"/></testcase>
  </testsuite>
</testsuites>`;

const playwright = JSON.stringify({
  errors: [],
  suites: [
    {
      specs: [
        {
          title: 'buys',
          tests: [
            { projectName: 'chromium', status: 'expected' },
            { projectName: 'firefox', status: 'unexpected' },
          ],
        },
      ],
      suites: [{ specs: [{ title: 'pays', tests: [{ status: 'flaky' }, { status: 'skipped' }] }] }],
    },
  ],
});

const counts = (
  tests: number,
  failed: number,
  skipped = 0,
  flaky = 0,
  failures: string[] = [],
): TestCounts => ({
  tests,
  failed,
  skipped,
  flaky,
  failures,
});

describe('test results', () => {
  const cases: readonly ['junit' | 'tap' | 'playwright', string, string, TestCounts][] = [
    [
      'junit',
      'counts cases and not the totals that the file claims',
      junit,
      counts(5, 2, 1, 1, ['cart removes: expected 1 < 2 & 3', 'pays: boom']),
    ],
    ['junit', 'takes one suite alone', '<testsuite><testcase name="a"/></testsuite>', counts(1, 0)],
    ['junit', 'takes an empty file of no tests', '<testsuites/>', counts(0, 0)],
    [
      'tap',
      'counts test points',
      'TAP version 13\n1..4\nok 1 - adds\nnot ok 2 - removes\n  ---\n  not ok: detail\n  ...\nok 3 # SKIP later\nnot ok 4 - old # TODO mend\n',
      counts(4, 1, 1, 0, ['removes']),
    ],
    [
      'tap',
      'counts planned tests that never ran as failed',
      '1..3\nok 1\n',
      counts(3, 2, 0, 0, ['2 planned tests never ran']),
    ],
    [
      'tap',
      'counts a bail-out as a failure',
      'ok 1\nBail out! no database',
      counts(2, 1, 0, 0, ['Bail out! no database']),
    ],
    ['playwright', 'counts each test of each project', playwright, counts(4, 1, 1, 1, ['buys (firefox)'])],
    [
      'playwright',
      'counts errors outside of tests',
      JSON.stringify({ suites: [], errors: [{ message: 'no config' }] }),
      counts(1, 1, 0, 0, ['no config']),
    ],
  ];
  for (const [format, what, text, expected] of cases) {
    it(`as ${format}: ${what}`, () => {
      assert.deepEqual(parseTestResults(format, text), expected);
    });
  }

  for (const [format, text, message] of [
    ['junit', 'hello', /no XML|not one element/],
    ['junit', '<html></html>', /the document is <html>/],
    ['junit', '<testsuite><testcase></testsuite>', /<\/testsuite> ends nothing/],
    ['junit', '<testsuite>', /<testsuite> does not end/],
    ['junit', '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', /a document type, which is not read/],
    ['tap', 'hello', /no TAP plan/],
    ['playwright', '{}', /no Playwright suites/],
    ['playwright', 'hello', /JSON/],
  ] as const) {
    it(`as ${format}: refuses ${text.slice(0, 30)}`, () => {
      assert.throws(() => parseTestResults(format, text), message);
    });
  }

  const limits = { failed: 0, skipped: undefined, flaky: undefined, minimum: 1 };
  for (const [what, found, change, expected] of [
    ['pass when none failed', counts(3, 0, 1, 1), {}, 'passed: 3 tests, 0 failed, 1 skipped, 1 flaky'],
    [
      'fail by one',
      counts(3, 1, 0, 0, ['a: no']),
      {},
      'failed: 3 tests, 1 failed, 0 skipped, 0 flaky; first: a: no',
    ],
    ['pass within a tolerance', counts(3, 1), { failed: 1 }, 'passed: 3 tests, 1 failed, 0 skipped, 0 flaky'],
    [
      'fail by too many flaky ones',
      counts(3, 0, 0, 2),
      { flaky: 1 },
      'failed: 3 tests, 0 failed, 0 skipped, 2 flaky; tolerated are 1 flaky',
    ],
    [
      'fail by too many skipped ones',
      counts(3, 0, 2),
      { skipped: 0 },
      'failed: 3 tests, 0 failed, 2 skipped, 0 flaky; tolerated are 0 skipped',
    ],
    ['say nothing when there is no test', counts(0, 0), {}, 'inconclusive: the results hold no test'],
    ['say nothing when all were skipped', counts(3, 0, 3), {}, 'inconclusive: all 3 tests were skipped'],
    [
      'say nothing when too few ran',
      counts(5, 0, 1),
      { minimum: 5 },
      'inconclusive: 4 tests ran, expected at least 5',
    ],
  ] as const) {
    it(what, () => {
      const finding = assessTests(found, { ...limits, ...change });
      assert.equal(`${finding.outcome}: ${finding.reason}`, expected);
    });
  }
});

describe('XML', () => {
  it('gives attributes and text with their references resolved', () => {
    const root = parseXml(`<a one="&lt;&#65;&#x42;" two='"'>x &amp; y<b/><![CDATA[<z>]]></a>`);
    assert.deepEqual(root.attributes, { one: '<AB', two: '"' });
    assert.equal(root.text, 'x & y<z>');
    assert.equal(elementsNamed(root, 'b').length, 1);
  });

  for (const text of [
    '',
    '<a></b>',
    '<a',
    '<a/><b/>',
    '<a b=c/>',
    '<!DOCTYPE a><a/>',
    `${'<a>'.repeat(500)}${'</a>'.repeat(500)}`,
  ]) {
    it(`refuses ${text.slice(0, 20)}`, () => {
      assert.throws(() => parseXml(text), XmlError);
    });
  }
});
