import assert from 'node:assert/strict';
import type { Look, Probe } from '../../../../core/operations/gate/kind.ts';
import { command } from '../../../../core/operations/gate/kinds/command.ts';
import { junit } from '../../../../core/operations/gate/kinds/junit.ts';
import { LogReport } from '../../../../core/operations/gate/kinds/log-report.ts';
import { Settings } from '../../../../core/operations/gate/settings.ts';
import type { CommandRequest, Tools } from '../../../../core/operations/gate/tools.ts';
import { digestFor, resolved } from '../../../support/sample-release.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const subject = { release: resolved, environment: 'staging', namespace: undefined };
const passing = '<testsuite><testcase name="a"/><testcase name="b"/></testsuite>';
const failing =
  '<testsuite><testcase name="a"><failure message="no"/></testcase><testcase name="b"/></testsuite>';

interface World {
  readonly files?: readonly string[];
  readonly exitCode?: number;
  readonly killed?: string;
}

async function measure(probe: Probe, { files = [], exitCode = 0, killed }: World) {
  const requests: CommandRequest[] = [];
  const asked: { patterns: readonly string[]; since: number | undefined }[] = [];
  const clock = virtualClock();
  const tools: Tools = {
    clock,
    http: { send: () => Promise.reject(new Error('not asked here')) },
    command: {
      run: (request) => {
        requests.push(request);
        return Promise.resolve({ exitCode: killed === undefined ? exitCode : undefined, signal: killed });
      },
    },
    files: {
      find: (patterns, since) => {
        asked.push({ patterns, since });
        return Promise.resolve(files.map((text, index) => ({ name: `r${index}.xml`, text })));
      },
    },
  };
  const look: Look = {
    check: 'tests',
    signal: new AbortController().signal,
    deadline: clock.now() + 60_000,
    note: () => undefined,
    output: () => undefined,
  };
  const finding = await probe.measure(tools, look);
  return { said: `${finding.outcome}: ${finding.reason}`, requests, asked, started: clock.now() };
}

const ofJunit = (settings: object) => junit.parse(Settings.of(settings, 'check'), subject);
const ofCommand = (settings: object) => command.parse(Settings.of(settings, 'check'), subject);

describe('a check of kind junit', () => {
  it('adds up all files', async () => {
    const { said, asked } = await measure(ofJunit({ files: ['a/**/*.xml', 'b.xml'] }), {
      files: [passing, failing],
    });
    assert.equal(said, 'failed: 4 tests, 1 failed, 0 skipped, 0 flaky; first: a: no');
    assert.deepEqual(asked, [{ patterns: ['a/**/*.xml', 'b.xml'], since: undefined }]);
  });

  it('is inconclusive without a file', async () => {
    assert.equal(
      (await measure(ofJunit({ files: 'x.xml' }), {})).said,
      'inconclusive: there is no file x.xml',
    );
  });

  it('could not ask a file that it cannot read', async () => {
    const { said } = await measure(ofJunit({ files: 'x.xml' }), { files: [passing, '<html/>'] });
    assert.match(said, /^error: r1\.xml cannot be read as junit: the document is <html>/);
  });

  it('holds to its limits', async () => {
    const { said } = await measure(ofJunit({ files: 'x.xml', failed: 1, minimum: 3 }), { files: [failing] });
    assert.equal(said, 'inconclusive: 2 tests ran, expected at least 3');
  });
});

describe('a check of kind command', () => {
  const withResults = { run: 'npm test', results: { files: 'results/*.xml' } };
  const tolerant = { run: 'npm test', results: { files: 'results/*.xml', failed: 1 } };
  for (const [what, settings, world, expected] of [
    ['passes by its exit code', { run: 'true' }, {}, 'passed: exit code 0'],
    ['fails by its exit code', { run: 'false' }, { exitCode: 1 }, 'failed: the command failed: exit code 1'],
    [
      'fails when something kills it',
      { run: 'x' },
      { killed: 'SIGKILL' },
      'failed: the command failed: killed by SIGKILL',
    ],
    [
      'passes by its results',
      withResults,
      { files: [passing] },
      'passed: 2 tests, 0 failed, 0 skipped, 0 flaky',
    ],
    [
      'fails by its results, whatever the exit code',
      withResults,
      { files: [failing] },
      'failed: 2 tests, 1 failed, 0 skipped, 0 flaky; first: a: no',
    ],
    [
      'tolerates what the limits do',
      tolerant,
      { files: [failing], exitCode: 1 },
      'passed: 2 tests, 1 failed, 0 skipped, 0 flaky',
    ],
    [
      'fails when the runner broke though no test failed',
      withResults,
      { files: [passing], exitCode: 7 },
      'failed: the command failed: exit code 7; 2 tests, 0 failed, 0 skipped, 0 flaky',
    ],
    [
      'says nothing when no results came',
      withResults,
      {},
      'inconclusive: the command wrote no results/*.xml (exit code 0)',
    ],
    [
      'fails when it failed before any results',
      withResults,
      { exitCode: 2 },
      'failed: the command wrote no results/*.xml (exit code 2)',
    ],
  ] as const) {
    it(what, async () => {
      assert.equal((await measure(ofCommand(settings), world)).said, expected);
    });
  }

  it('gives the command its target, the release and the images by digest', async () => {
    const { requests } = await measure(
      ofCommand({ run: ['node', 'smoke.js'], url: 'https://shop.contoso.com', env: { A: 1 } }),
      {},
    );
    assert.deepEqual(requests[0]?.command, { program: 'node', args: ['smoke.js'] });
    assert.deepEqual(requests[0].environment, {
      RELEASE_NAME: '2.4.0',
      ENVIRONMENT: 'staging',
      IMAGE_STOREFRONT: `contosononprod.azurecr.io/shop/storefront@${digestFor('storefront')}`,
      IMAGE_CATALOG: `contosononprod.azurecr.io/shop/catalog@${digestFor('catalog')}`,
      IMAGE_ORDERS: `contosononprod.azurecr.io/shop/orders@${digestFor('orders')}`,
      TARGET_URL: 'https://shop.contoso.com',
      A: '1',
    });
  });

  it('looks only at results that were written since it began', async () => {
    const { asked, started } = await measure(ofCommand(withResults), { files: [passing] });
    assert.deepEqual(asked, [{ patterns: ['results/*.xml'], since: started }]);
  });
});

describe('a report in a log', () => {
  it('is told from the lines around it', () => {
    const report = new LogReport();
    const lines = [
      'begin',
      '<?xml version="1.0"?>',
      '<testsuites>',
      ' <testsuite/>',
      '</testsuites>',
      'end',
      '<testsuite name="s"><testcase name="a"/></testsuite>',
    ];
    assert.deepEqual(
      lines.filter((line) => !report.take(line)),
      ['begin', 'end'],
    );
    assert.deepEqual(
      report.documents().map((document) => document.text.split('\n').length),
      [4, 1],
    );
  });

  it('that does not end is given as far as it came', () => {
    const report = new LogReport();
    report.take('<testsuites>');
    assert.deepEqual(report.documents(), [{ name: 'report 1 of the log', text: '<testsuites>' }]);
  });
});
