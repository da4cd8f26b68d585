import type { Finding } from './check.ts';
import { isObject } from './json.ts';
import { objectsAt, textAt } from './kubernetes-object.ts';
import { elementsNamed, parseXml, type XmlElement } from './xml.ts';

/** What test results say, whatever wrote them. A flaky test failed and passed when it was tried again. */
export interface TestCounts {
  readonly tests: number;
  readonly failed: number;
  readonly skipped: number;
  readonly flaky: number;
  /** The names of failed tests, with why, in the order of the files. */
  readonly failures: readonly string[];
}

export interface TestLimits {
  readonly failed: number;
  /** Undefined tolerates any number. */
  readonly skipped: number | undefined;
  readonly flaky: number | undefined;
  /** Fewer tests than this measured nothing. */
  readonly minimum: number;
}

export const resultFormats = ['junit', 'tap', 'playwright'] as const;
export type ResultFormat = (typeof resultFormats)[number];

const none: TestCounts = { tests: 0, failed: 0, skipped: 0, flaky: 0, failures: [] };

/** @throws Error for a document that is not of the format, in words for its author */
export function parseTestResults(format: ResultFormat, text: string): TestCounts {
  switch (format) {
    case 'junit':
      return parseJUnit(text);
    case 'tap':
      return parseTap(text);
    case 'playwright':
      return parsePlaywright(text);
  }
}

export function addCounts(all: readonly TestCounts[]): TestCounts {
  return all.reduce(
    (sum, one) => ({
      tests: sum.tests + one.tests,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
      flaky: sum.flaky + one.flaky,
      failures: [...sum.failures, ...one.failures],
    }),
    none,
  );
}

/** Tests that were only skipped are not tests that ran: zero of those is not a pass. */
export function assessTests(counts: TestCounts, limits: TestLimits): Finding {
  const ran = counts.tests - counts.skipped;
  const said = `${counts.tests} tests, ${counts.failed} failed, ${counts.skipped} skipped, ${counts.flaky} flaky`;
  const values = [
    { name: 'tests', value: counts.tests, unit: 'count' as const },
    { name: 'failed', value: counts.failed, unit: 'count' as const, limit: limits.failed },
  ];
  if (counts.failed > limits.failed) {
    const first = counts.failures[0];
    return { outcome: 'failed', reason: first === undefined ? said : `${said}; first: ${first}`, values };
  }
  if (limits.flaky !== undefined && counts.flaky > limits.flaky) {
    return { outcome: 'failed', reason: `${said}; tolerated are ${limits.flaky} flaky`, values };
  }
  if (limits.skipped !== undefined && counts.skipped > limits.skipped) {
    return { outcome: 'failed', reason: `${said}; tolerated are ${limits.skipped} skipped`, values };
  }
  if (ran === 0) {
    const reason = counts.tests === 0 ? 'the results hold no test' : `all ${counts.tests} tests were skipped`;
    return { outcome: 'inconclusive', reason, values };
  }
  if (ran < limits.minimum) {
    return {
      outcome: 'inconclusive',
      reason: `${ran} tests ran, expected at least ${limits.minimum}`,
      values,
    };
  }
  return { outcome: 'passed', reason: said, values };
}

/**
 * JUnit XML as Ant, Maven Surefire, pytest, Jest and the rest write it. The test cases are counted, never the totals
 * that a suite claims; Surefire's reruns (`flakyFailure`, `flakyError`) are flaky.
 */
function parseJUnit(text: string): TestCounts {
  const document = parseXml(text);
  if (document.name !== 'testsuites' && document.name !== 'testsuite') {
    throw new Error(`the document is <${document.name}>, not <testsuites> or <testsuite>`);
  }
  return addCounts(elementsNamed(document, 'testcase').map(countCase));
}

function countCase(test: XmlElement): TestCounts {
  const has = (...names: readonly string[]): XmlElement | undefined =>
    test.children.find((child) => names.includes(child.name));
  const failure = has('failure', 'error');
  const name = [test.attributes['classname'], test.attributes['name']]
    .filter((part) => part !== undefined)
    .join(' ');
  const why = failure?.attributes['message'] ?? failure?.text.trim().split('\n')[0] ?? '';
  return {
    tests: 1,
    failed: failure === undefined ? 0 : 1,
    skipped: failure === undefined && has('skipped') !== undefined ? 1 : 0,
    flaky: failure === undefined && has('flakyFailure', 'flakyError') !== undefined ? 1 : 0,
    failures: failure === undefined ? [] : [why === '' ? name : `${name}: ${why}`],
  };
}

/** TAP 13 and 14 (testanything.org): top-level test points; `# SKIP` is skipped, a failing `# TODO` is no failure. */
function parseTap(text: string): TestCounts {
  const lines = text.split(/\r?\n/);
  const counts: TestCounts[] = [];
  let planned: number | undefined;
  for (const line of lines) {
    const bail = /^Bail out!\s*(.*)$/.exec(line);
    if (bail !== null)
      counts.push({ ...none, tests: 1, failed: 1, failures: [`Bail out! ${bail[1] ?? ''}`.trim()] });
    const plan = /^1\.\.(\d+)/.exec(line);
    if (plan !== null) planned = Number(plan[1]);
    const point = /^(not )?ok\b\s*(?:\d+)?\s*-?\s*([^#]*)(?:#\s*(\w+).*)?$/.exec(line);
    if (point === null) continue;
    const [, not, name = '', directive = ''] = point;
    const skipped = directive.toUpperCase().startsWith('SKIP');
    const failed = not !== undefined && !skipped && !directive.toUpperCase().startsWith('TODO');
    counts.push({
      ...none,
      tests: 1,
      failed: failed ? 1 : 0,
      skipped: skipped ? 1 : 0,
      failures: failed ? [name.trim()] : [],
    });
  }
  if (planned === undefined && counts.length === 0)
    throw new Error('the document has no TAP plan and no test point');
  const sum = addCounts(counts);
  const lost = (planned ?? sum.tests) - sum.tests;
  if (lost <= 0) return sum;
  return addCounts([
    sum,
    { ...none, tests: lost, failed: lost, failures: [`${lost} planned tests never ran`] },
  ]);
}

/** The JSON report of @playwright/test (`--reporter=json`): its own word for each test is `status`. */
function parsePlaywright(text: string): TestCounts {
  const document: unknown = JSON.parse(text);
  if (!isObject(document) || !Array.isArray(document['suites']))
    throw new Error('the document has no Playwright suites');
  const errors = objectsAt(document, 'errors').map(
    (error) => textAt(error, 'message') ?? 'an error outside of any test',
  );
  const broken = { ...none, tests: errors.length, failed: errors.length, failures: errors };
  return addCounts([...objectsAt(document, 'suites').map(countSuite), broken]);
}

function countSuite(suite: unknown): TestCounts {
  const specs = objectsAt(suite, 'specs').flatMap((spec) =>
    objectsAt(spec, 'tests').map((test): TestCounts => {
      const status = textAt(test, 'status');
      const failed = status === 'unexpected';
      return {
        tests: 1,
        failed: failed ? 1 : 0,
        skipped: status === 'skipped' ? 1 : 0,
        flaky: status === 'flaky' ? 1 : 0,
        failures: failed
          ? [`${textAt(spec, 'title') ?? 'a test'} (${textAt(test, 'projectName') ?? ''})`]
          : [],
      };
    }),
  );
  return addCounts([...specs, ...objectsAt(suite, 'suites').map(countSuite)]);
}
