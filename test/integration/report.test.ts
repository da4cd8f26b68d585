import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { digestOf } from '../../core/model/digest.ts';
import type { Release } from '../../core/model/release.ts';
import { renderReport } from '../../core/report/report.ts';
import { launchChromium } from '../support/chromium.ts';
import { deployment, overridden, rejected, released, resolved, verdict } from '../support/sample-release.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const attack = `"><script>document.title='owned'</script><img src=https://evil.invalid/x onerror="document.title='owned'">\u202e</style></title>{{7*7}}\${7*7}`;

/** The release with every text of outside origin made hostile. */
const hostile: Release = {
  ...resolved,
  name: attack,
  source: { repository: 'javascript:alert(1)', branch: attack, commit: attack },
  run: { id: attack, pipeline: attack, number: attack, url: 'javascript:document.title="owned"' },
  images: resolved.images.map((image) => ({
    ...image,
    name: attack,
    source: attack,
    platforms: [attack],
    version: attack,
  })),
  promotions: [],
  deployments: [
    deployment('staging', {
      environment: attack,
      cluster: attack,
      namespace: attack,
      reason: attack,
      outcome: 'failed',
      objects: [{ apiVersion: 'v1', kind: attack, namespace: attack, name: attack, action: 'created' }],
      images: resolved.images.slice(0, 1).map((image) => ({
        image: attack,
        repository: image.repository,
        digest: digestOf('other'),
      })),
    }),
  ],
  overrides: [
    {
      gate: attack,
      environment: attack,
      reason: attack,
      by: attack,
      action: attack,
      missing: [attack],
      at: '2026-11-21T01:56:00Z',
    },
  ],
  verdicts: [
    verdict({
      gate: attack,
      environment: attack,
      reason: attack,
      images: [{ image: attack, digest: digestOf('foreign') }],
      checks: verdict().checks.map((check) => ({
        ...check,
        name: attack,
        kind: attack,
        reason: attack,
        series: [{ name: attack, unit: 'ratio', points: [1e308, -5, 0] }],
      })),
    }),
  ],
};

describe('the release report in a browser', function () {
  this.timeout(120_000);
  let browser: Browser;

  before(async () => {
    browser = await launchChromium();
  });

  after(async () => {
    await browser.close();
  });

  /** Opens the report and lists whatever it tries to load and whatever it complains about. */
  async function open(release: Release, colorScheme: 'light' | 'dark' = 'light') {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 800 } });
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      if (request.url() !== 'https://report.invalid/') requests.push(request.url());
    });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.route('https://report.invalid/', (route) =>
      route.fulfill({ contentType: 'text/html; charset=utf-8', body: renderReport(release) }),
    );
    await page.goto('https://report.invalid/');
    return { page, requests, complaints };
  }

  async function violations(page: Page) {
    // The page's own policy forbids scripts: axe runs in an isolated world, where it does not apply.
    const session = await page.context().newCDPSession(page);
    const { frameTree } = await session.send('Page.getFrameTree');
    const { executionContextId } = await session.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
    });
    const evaluate = async (expression: string) => {
      const answer = await session.send('Runtime.evaluate', {
        expression,
        contextId: executionContextId,
        awaitPromise: true,
        returnByValue: true,
      });
      assert.equal(answer.exceptionDetails, undefined);
      return answer.result.value as unknown;
    };
    await evaluate(`${axe}; undefined`);
    return evaluate(
      'axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" | ")))',
    );
  }

  it('says first what a release manager asks first', async () => {
    const { page } = await open(released);
    assert.equal(await page.title(), '2.4.0: Runs in production');
    assert.equal(await page.locator('h1').innerText(), 'Runs in production');
    assert.match(
      await page.locator('.banner').innerText(),
      /Changed by this release:\s*staging\s*production/,
    );
    const steps = await page.locator('.path li b').allInnerTexts();
    assert.deepEqual(steps, ['Images', 'staging', 'Gate acceptance', 'contosoprod.azurecr.io', 'production']);
    // The first screen of an ordinary laptop holds the verdict, the way and the images.
    const lastImage = await page.locator('#images ~ .scroll tbody tr').last().boundingBox();
    assert.ok(lastImage !== null && lastImage.y + lastImage.height < 800);
    await page.close();
  });

  it('shows images from what ran before to what runs now', async () => {
    const { page } = await open(released);
    const rows = await page.locator('#images ~ .scroll tbody tr').allInnerTexts();
    assert.equal(rows.length, 3);
    assert.match(
      rows[0] ?? '',
      /storefront 2\.4\.0\s+sha256:da8e707ffb19\s+runs\s+4c76cc4614fe →\s+to\s+da8e707ffb19/,
    );
    assert.match(rows[2] ?? '', /orders.*as before/s);
    await page.close();
  });

  it('shows a refusal with its reason, its worst check first and the value beyond its limit', async () => {
    const { page } = await open(rejected);
    assert.equal(await page.locator('h1').innerText(), 'Rejected in staging');
    assert.match(await page.locator('.banner .reason').innerText(), /p95 612 ms, allowed are 200 ms/);
    assert.match(await page.locator('.banner').innerText(), /and no other environment/);
    const first = page.locator('#gates ~ article tbody tr').first();
    assert.match(await first.innerText(), /^catalog under load/);
    assert.equal(
      await first.locator('svg[role=img]').first().getAttribute('aria-label'),
      'p95 612 ms, highest 612 ms of 7, limit 200 ms',
    );
    assert.equal(await first.locator('.chart.over').count(), 2);
    await page.close();
  });

  it('shows what was gone on without, before everything else', async () => {
    const { page } = await open(overridden);
    assert.equal(await page.locator('main > section').first().getAttribute('aria-labelledby'), 'overrides');
    assert.match(
      await page.locator('.alert').innerText(),
      /promotion without evidence of gate soak in staging\s+Hotfix for the outage/,
    );
    await page.close();
  });

  it('says whether the evidence is signed', async () => {
    const { page } = await open(released);
    assert.match(
      await page.locator('.evidence summary').innerText(),
      /signed\s+evidence by key 9f86d081884c, attached to 3 images/,
    );
    await page.close();
  });

  it('loads nothing and complains about nothing', async () => {
    const { page, requests, complaints } = await open(released);
    assert.deepEqual(requests, []);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('shows hostile text as text', async () => {
    const { page, requests, complaints } = await open(hostile);
    assert.deepEqual(requests, []);
    assert.deepEqual(complaints, []);
    assert.match(await page.title(), /<script>/);
    assert.equal(await page.locator('script, img, iframe, object, embed, form, base, link').count(), 0);
    assert.equal(await page.locator('style').count(), 1);
    const targets: string[] = await page.evaluate("[...document.querySelectorAll('a')].map((a) => a.href)");
    assert.ok(targets.length > 0);
    assert.deepEqual(
      targets.filter((target) => !target.startsWith('https://dev.azure.com/')),
      [],
    );
    assert.match(await page.locator('p.alert').innerText(), /^Judged other bytes than this release's/);
    await page.close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    for (const [what, release] of [
      ['a released one', released],
      ['a rejected one', rejected],
      ['one just resolved', resolved],
      ['an overridden one', overridden],
      ['a hostile one', hostile],
    ] as const) {
      it(`is accessible: ${what}, ${scheme}`, async () => {
        const { page } = await open(release, scheme);
        await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
        assert.deepEqual(await violations(page), []);
        await page.close();
      });
    }
  }

  it('can be read and opened by keyboard alone', async () => {
    const { page } = await open(released);
    const reached = new Set<string>();
    for (let step = 0; step < 60; step += 1) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(
          'document.activeElement.tagName + " " + document.activeElement.innerText.slice(0, 40)',
        ),
      );
    }
    assert.ok([...reached].some((place) => place.startsWith('SUMMARY Full digests')));
    const summary = page.locator('summary').first();
    await summary.focus();
    await page.keyboard.press('Enter');
    assert.ok(await page.locator('.digest.full').first().isVisible());
    await page.close();
  });

  it('fits a phone without scrolling the page sideways', async () => {
    const { page } = await open(released);
    await page.setViewportSize({ width: 390, height: 800 });
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    await page.close();
  });
});
