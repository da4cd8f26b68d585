import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDigest } from '../../core/model/digest.ts';
import type { Release } from '../../core/model/release.ts';
import { buildGo } from '../../sandbox/build/go.ts';
import { type Cluster, type Ground, prepareGround, startCluster } from '../../sandbox/cluster/index.ts';
import { type GateTask, openGateTask } from '../support/gate/gate-task.ts';
import { host, releaseOf, subjectObjects } from '../support/gate/subject.ts';
import { kubectl } from '../support/kubectl.ts';
import { type LocalRegistry, startLocalRegistry } from '../support/local-registry.ts';
import { pushTinyImage } from '../support/tiny-image.ts';

const canRunPods = process.platform === 'linux' && process.getuid?.() === 0;

/** Against pods that really run. The same HTTP checks on simulated nodes: gate-simulated.test.ts. */
if (canRunPods) describe('acceptance-gate on a cluster with a real node', onRealNode);

function onRealNode(this: Mocha.Suite): void {
  this.timeout(120_000);
  let directory: string;
  let ground: Ground;
  let registry: LocalRegistry;
  let cluster: Cluster;
  let gate: GateTask;
  let release: Release;

  before(async function () {
    this.timeout(20 * 60_000);
    directory = await mkdtemp(join(tmpdir(), 'gate-world-'));
    ground = await prepareGround({ nodes: 'real', environment: {} });
    registry = await startLocalRegistry(directory, ground.hostAddress);
    const module = fileURLToPath(new URL('../support/subject', import.meta.url));
    const digest = await pushTinyImage(registry, 'subject', await buildGo({ module, goos: 'linux' }));
    release = releaseOf(digest);
    cluster = await startCluster({ name: 'gate', ground, directory, registries: [{ host, ...registry }] });
    await kubectl(cluster.kubeconfigPath, ['apply', '-f', '-'], subjectObjects(`${host}/subject@${digest}`));
    const wait = ['rollout', 'status', 'deployment/subject', '--namespace=shop', '--timeout=60s'];
    await kubectl(cluster.kubeconfigPath, wait);
    gate = await openGateTask(cluster.adminKubeconfig);
  });

  after(async () => {
    await gate.stop();
    await cluster.stop();
    await registry.stop();
    await ground.release();
    await rm(directory, { recursive: true });
  });

  const service = { kind: 'http', service: { name: 'subject', port: 80 } };
  const job = { kind: 'job', image: 'subject', runAsUser: 65532, deadline: '60s' };

  /** What gates left in the cluster. The pods of a removed Job are on their way out, each in its own time. */
  const leftovers = async (): Promise<readonly string[]> => {
    const mine = [
      'get',
      'jobs,pods',
      '--namespace=shop',
      '-o=json',
      '-l=app.kubernetes.io/managed-by=aks-delivery',
    ];
    for (let attempt = 0; ; attempt += 1) {
      const { items } = JSON.parse(await kubectl(cluster.kubeconfigPath, mine)) as {
        items: { metadata: { name: string; deletionTimestamp?: string } }[];
      };
      const staying = items.filter((item) => item.metadata.deletionTimestamp === undefined);
      // The garbage collector marks a Job's pods a moment after the Job is gone.
      if (staying.length === 0 || attempt === 50) return staying.map((item) => item.metadata.name);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  it('passes on a Service and a Job, and records, publishes and reports the verdict', async () => {
    const run = await gate.run(
      release,
      {
        checks: [
          { name: 'page', ...service, count: 3, interval: '200ms', expect: { text: 'hello' } },
          {
            name: 'echo',
            kind: 'http',
            service: { name: 'subject', port: 'web' },
            path: '/echo?a=b%20c',
            method: 'POST',
            headers: { Authorization: 'Bearer $(apiKey)' },
            body: 'x',
            expect: { json: { method: 'POST', authorization: 'Bearer open-sesame', path: '/echo?a=b%20c' } },
          },
          { name: 'smoke', ...job, args: ['pass'], env: { GREETING: 'hi' } },
        ],
      },
      { secretVariables: { apiKey: 'open-sesame' } },
    );
    assert.deepEqual(run.contractViolations, []);
    assert.equal(run.result, 'succeeded', run.lines.join('\n'));
    assert.equal(run.outputs.get('gate.verdict')?.value, 'passed');
    assert.equal(run.outputs.get('gate.failedChecks')?.value, '');
    assert.match(
      run.outputs.get('gate.summary')?.value ?? '',
      /^passed: all 3 required checks passed \(3 passed\)$/,
    );
    const [verdict] = run.record.verdicts;
    assert.equal(verdict?.verdict, 'passed');
    assert.equal(verdict.images[0]?.digest, release.images[0]?.digest);
    assert.equal(verdict.run?.id, '4720');
    assert.equal(verdict.checks[0]?.series?.[0]?.points.length, 3);
    assert.match(run.testResults[0]?.content ?? '', /tests="3" failures="0" errors="0"/);
    assert.match(run.summaries[0]?.content ?? '', /acceptance: passed/);
    assert.match(run.report ?? '', /<h1>Accepted in staging<\/h1>/);
    const everything = [...run.lines, run.report ?? '', JSON.stringify(run.record)].join('\n');
    assert.equal(everything.includes('open-sesame'), false);
    assert.deepEqual(await leftovers(), []);
  });

  it('shows what a Job writes, and obeys none of it', async () => {
    const run = await gate.run(release, {
      checks: [{ name: 'smoke', ...job, args: ['pass'], env: { GREETING: 'hi' } }],
    });
    assert.equal(run.result, 'succeeded', run.lines.join('\n'));
    assert.ok(run.lines.includes('[smoke] 3 of 3 passed with hi'), run.lines.join('\n'));
    assert.ok(run.lines.includes('[smoke] ##_vso[task.complete result=Failed]injected'));
  });

  it('fails with the reason, the record and the code GateFailed', async () => {
    const run = await gate.run(release, {
      checks: [
        { name: 'page', ...service },
        { name: 'broken', ...service, path: '/broken' },
        { name: 'tests', ...job, args: ['fail'] },
      ],
    });
    assert.deepEqual(run.contractViolations, []);
    assert.equal(run.result, 'failed');
    assert.equal(run.outputs.get('gate.verdict')?.value, 'failed');
    assert.equal(run.outputs.get('gate.failedChecks')?.value, 'broken,tests');
    assert.match(
      run.issues[0]?.message ?? '',
      /GateFailed: gate acceptance in staging: failed: broken: status 500, expected 2xx/,
    );
    const reasons = run.record.verdicts[0]?.checks.map(
      (check) => `${check.name} ${check.verdict}: ${check.reason}`,
    );
    assert.match(reasons?.[2] ?? '', /^tests failed: the Job failed: exit code 3/);
    assert.match(run.report ?? '', /<h1>Rejected in staging<\/h1>/);
    assert.deepEqual(await leftovers(), []);
  });

  it('passes a service that comes round, when asked for passes in a row', async () => {
    const run = await gate.run(release, {
      checks: [
        {
          name: 'flaky',
          ...service,
          path: '/flaky',
          interval: '100ms',
          count: 20,
          failureLimit: 20,
          consecutiveSuccesses: 1,
        },
      ],
    });
    assert.equal(run.result, 'succeeded', run.lines.join('\n'));
  });

  it('measures a load, and refuses what is slower than its limit', async () => {
    const load = { requests: 40, rate: 100, errors: '0%' };
    const run = await gate.run(release, {
      checks: [
        { name: 'fast', ...service, load: { ...load, p99: '5s' } },
        { name: 'slow', ...service, path: '/slow', load: { ...load, p50: '100ms' } },
      ],
    });
    assert.equal(run.outputs.get('gate.failedChecks')?.value, 'slow', run.lines.join('\n'));
    assert.match(run.record.verdicts[0]?.checks[0]?.reason ?? '', /^40 requests, 0% errors, p50 \d+ ms/);
    assert.match(run.record.verdicts[0]?.checks[1]?.reason ?? '', /^p50 \d+ ms, allowed are 100 ms/);
  });

  it('is inconclusive where there is no such Service, and succeeds with issues where that may be', async () => {
    const checks = {
      checks: [{ name: 'page', kind: 'http', service: { name: 'nobody', port: 80 }, errorLimit: 0 }],
    };
    const run = await gate.run(release, checks);
    assert.equal(run.result, 'failed');
    assert.match(
      run.issues[0]?.message ?? '',
      /GateInconclusive: .*Service shop\/nobody cannot be asked: there is no such Service/,
    );
    const lenient = await gate.run(release, checks, { inputs: { failTask: 'false' } });
    assert.equal(lenient.result, 'succeededWithIssues');
    assert.equal(lenient.outputs.get('gate.verdict')?.value, 'inconclusive');
  });

  it('is inconclusive, and says why, when the Job cannot run', async () => {
    const run = await gate.run(release, {
      checks: [
        { name: 'missing', ...job, image: `${host}/subject@sha256:${'0'.repeat(64)}` },
        { name: 'root', kind: 'job', image: 'subject', deadline: '60s' },
        { name: 'forbidden', ...job, security: 'baseline' },
      ],
    });
    const reasons = run.record.verdicts[0]?.checks.map((check) => `${check.verdict}: ${check.reason}`) ?? [];
    assert.match(reasons[0] ?? '', /^inconclusive: could not ask: the Job cannot run: ImagePullBackOff/);
    assert.match(
      reasons[1] ?? '',
      /^inconclusive: could not ask: the Job cannot run: CreateContainerConfigError: .*runAsNonRoot/,
    );
    assert.match(
      reasons[2] ?? '',
      /^inconclusive: could not ask: the Job gets no pod: .*violates PodSecurity/,
    );
    assert.deepEqual(await leftovers(), []);
  });

  it('takes the JUnit report out of the log of a Job', async () => {
    const run = await gate.run(release, {
      checks: [{ name: 'tests', ...job, args: ['junit'], junit: { failed: 0, minimum: 2 } }],
    });
    const [check] = run.record.verdicts[0]?.checks ?? [];
    assert.equal(check?.reason, '2 tests, 1 failed, 0 skipped, 0 flaky; first: b: no');
    assert.ok(run.lines.includes('[tests] running'));
    assert.ok(run.lines.every((line) => !line.includes('<testsuite')));
  });

  it('runs a command on the agent and reads what it wrote', async () => {
    const report = '<testsuite><testcase name="a"/></testsuite>';
    const run = await gate.run(release, {
      checks: [
        {
          name: 'suite',
          kind: 'command',
          run: `mkdir -p out && echo '${report}' > out/r.xml && echo "##vso[task.complete result=Failed]$IMAGE_SUBJECT"`,
          results: { files: 'out/*.xml' },
        },
      ],
    });
    assert.equal(run.result, 'succeeded', run.lines.join('\n'));
    assert.deepEqual(run.contractViolations, []);
    assert.ok(
      run.lines.some((line) =>
        line.startsWith(`[suite] ##_vso[task.complete result=Failed]${host}/subject@sha256:`),
      ),
    );
  });

  it('passes workloads that stay well, and fails one that restarts while it is watched', async () => {
    const well = await gate.run(release, {
      checks: [{ name: 'soak', kind: 'workload', soak: '2s', poll: '500ms' }],
    });
    assert.equal(well.result, 'succeeded', well.lines.join('\n'));
    assert.match(
      well.record.verdicts[0]?.checks[0]?.reason ?? '',
      /^2 pods ready, 0 restarts, 0 OOM kills, 0 flaps/,
    );
    const ill = await gate.run(release, {
      checks: [
        { name: 'soak', kind: 'workload', soak: '8s', poll: '500ms' },
        { name: 'crash', ...service, path: '/crash', initialDelay: '2s', errorLimit: 0, required: false },
      ],
    });
    assert.equal(ill.outputs.get('gate.failedChecks')?.value, 'soak', ill.lines.join('\n'));
    assert.match(ill.record.verdicts[0]?.checks[0]?.reason ?? '', /1 restarts, tolerated are 0/);
  });

  it('fails a workload that runs other bytes than the release', async () => {
    const images = release.images.map((image) => ({
      ...image,
      digest: parseDigest(`sha256:${'1'.repeat(64)}`),
    }));
    const run = await gate.run(
      { ...release, images },
      { checks: [{ name: 'soak', kind: 'workload', soak: '1s' }] },
    );
    assert.match(
      run.record.verdicts[0]?.checks[0]?.reason ?? '',
      /runs an image that is not of this release/,
    );
  });

  it('ends a Job that hangs at its deadline', async () => {
    const run = await gate.run(release, {
      checks: [{ name: 'hangs', ...job, args: ['hang'], deadline: '6s' }],
    });
    const [check] = run.record.verdicts[0]?.checks ?? [];
    assert.equal(check?.verdict, 'inconclusive');
    assert.match(
      check.reason,
      /^the deadline passed after 6s: nothing was measured \(Job gate-hangs-[0-9a-f]{8}: running\)$/,
    );
    assert.deepEqual(await leftovers(), []);
  });

  it('removes the Job when the run is cancelled', async () => {
    const cancellation = new AbortController();
    const run = await gate.run(
      release,
      { checks: [{ name: 'hangs', ...job, args: ['hang'] }] },
      {
        signal: cancellation.signal,
        onLine: (line) => {
          if (line === '[hangs] hanging') cancellation.abort();
        },
      },
    );
    assert.equal(run.result, 'canceled', run.lines.join('\n'));
    assert.deepEqual(run.record.verdicts, []);
    assert.deepEqual(await leftovers(), []);
  });

  for (const [what, checks, message] of [
    ['no YAML', 'checks: [', /ChecksInvalid: .*checks\.yml is not YAML \(line \d+\)/],
    [
      'an unknown kind',
      { checks: [{ name: 'a', kind: 'ping' }] },
      /ChecksInvalid: .*\(a\) is of the kind "ping", which there is not/,
    ],
    [
      'an unset variable',
      { checks: [{ name: 'a', kind: 'http', url: 'https://$(host)/' }] },
      /ChecksInvalid: .*checks\[0\]\.url uses \$\(host\), and the pipeline has no such variable/,
    ],
  ] as const) {
    it(`refuses a checks file with ${what}, before anything is asked`, async () => {
      const run = await gate.run(release, checks);
      assert.equal(run.result, 'failed');
      assert.match(run.issues[0]?.message ?? '', message);
      assert.deepEqual(run.record, release);
    });
  }

  it('needs no cluster for what does not ask it', async () => {
    const inputs = { connectionType: 'none' };
    const run = await gate.run(release, { checks: [{ name: 'page', ...service }] }, { inputs });
    assert.match(
      run.issues[0]?.message ?? '',
      /ChecksInvalid: check "page" needs the cluster, and the task was given none/,
    );
  });
}
