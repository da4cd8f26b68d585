import assert from 'node:assert/strict';
import { nodeRuntime } from '../../sandbox/agent/runtimes.ts';
import type { TaskRun } from '../../sandbox/agent/task-run.ts';
import { azureConnection, runFixture, secretKey } from '../support/fixture-host.ts';

/** The lines that the task itself printed: without the head and foot that the agent puts around them. */
function body(run: TaskRun): readonly string[] {
  return run.lines.slice(8, -1);
}

function assertClean(run: TaskRun, result: TaskRun['result']): void {
  assert.deepEqual(run.contractViolations, []);
  assert.equal(run.result, result);
}

/** A signal that is aborted once the task has printed the line. */
function cancelAfter(text: string): {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
} {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onLine: (line) => {
      if (line === text) controller.abort();
    },
  };
}

for (const major of [20, 24] as const) {
  describe(`a task on the agent's Node ${major}`, function () {
    this.timeout(180_000);
    let node: string;

    before(async () => {
      node = await nodeRuntime(major);
    });

    it('reads its inputs, its run and the secret variables, and nothing secret stays in its environment', async () => {
      const run = await runFixture('describe', {
        node,
        stepName: 'probe',
        inputs: { words: 'hello $(Build.BuildNumber) $(nobody)', file: 'deploy/web.yaml' },
      });
      assertClean(run, 'succeeded');
      const facts = JSON.parse(run.outputs.get('probe.answer')?.value ?? '') as Record<string, unknown>;
      assert.equal(facts['text'], 'hello 20250102.3 $(nobody)');
      assert.match(String(facts['file']), /\/1\/s\/deploy\/web\.yaml$/);
      assert.match(String(facts['workingDirectory']), /\/1\/s$/);
      assert.equal(facts['secretVariable'], true);
      assert.equal(facts['hasToken'], true);
      assert.equal(String(facts['node']).split('.')[0], String(major));
      assert.deepEqual(
        (facts['leftInEnvironment'] as string[]).filter((name) => name !== 'INPUT_AZURESUBSCRIPTION'),
        [],
      );
    });

    it('stops within its time when the run is cancelled, and counts as cancelled', async () => {
      const run = await runFixture('waitForCancellation', { node, ...cancelAfter('waiting') });
      assertClean(run, 'canceled');
      assert.deepEqual(run.signals, ['SIGINT']);
      assert.ok(run.lines.includes('Cancelled (SIGINT): stopping.'));
    });

    it('hands over summary, attachment, test results, artifact and tag without secrets', async () => {
      const run = await runFixture('publish', { node });
      assertClean(run, 'succeeded');
      assert.deepEqual(run.summaries, [{ name: 'What happened.md', content: '# All good\n\n***; ***' }]);
      assert.deepEqual(run.attachments, [
        { type: 'aks-delivery.release', name: 'release.json', content: '{"key":"***"}' },
      ]);
      assert.equal(run.testResults[0]?.title, 'Acceptance');
      assert.deepEqual(run.buildTags, ['v1.2.3']);
      assert.deepEqual([...(run.artifacts[0]?.files.keys() ?? [])], ['results.xml']);
      assert.deepEqual(run.outputs.get('FixtureTask.secretAnswer'), {
        value: 'hidden output value',
        secret: true,
      });
      assert.ok(run.lines.includes('the key is ***'));
      assert.equal(run.lines.join('\n').includes(secretKey), false);
    });
  });
}

describe('a task under the agent', function () {
  this.timeout(60_000);

  it('gets the connection that its input names, and leaks nothing of it', async () => {
    const run = await runFixture('connect', { inputs: { azureSubscription: 'contoso-staging' } });
    assertClean(run, 'succeeded');
    assert.equal(run.outputs.get('FixtureTask.answer')?.value, 'servicePrincipalSecret in AzureCloud');
    assert.deepEqual(run.summaries[0]?.content, 'It is ***.');
    const log = run.lines.join('\n');
    assert.equal(log.includes(azureConnection.authorization.parameters['serviceprincipalkey'] ?? ''), false);
  });

  it('fails with one issue that says what to do when a connection does not exist', async () => {
    const run = await runFixture('connect', { inputs: { azureSubscription: 'contoso-gone' } });
    assertClean(run, 'failed');
    assert.equal(run.issues.length, 1);
    assert.match(
      run.issues[0]?.message ?? '',
      /^ConnectionUnknown: Input azureSubscription: .*'contoso-gone'\.\n\w/,
    );
  });

  it('cannot be made to give commands by what others wrote', async () => {
    const run = await runFixture('log', { variables: { 'System.Debug': 'true' } });
    assertClean(run, 'succeeded');
    assert.deepEqual([...run.variables], []);
    assert.deepEqual(run.prependPath, []);
    assert.equal(run.issues.length, 2);
    assert.deepEqual(
      body(run).filter((line) => /^##\[(section|group|endgroup)\]/.test(line)),
      [
        '##[section]Plan pod says ##_vso[task.setvariable variable=PATH]/evil ##_vso[task.complete result=Succeeded]x',
        '##[group]Objects',
        '##[endgroup]',
      ],
    );
    assert.equal(run.issues[0]?.sourcePath, 'deploy/web.yaml');
    assert.equal(run.issues[0].lineNumber, 12);
  });

  it('fails with code, message and remedy when something can be mended', async () => {
    const run = await runFixture('refuse');
    assertClean(run, 'failed');
    assert.deepEqual(
      run.issues.map(({ type, message }) => [type, message]),
      [
        [
          'error',
          'ImageNotFound: shop/web:9 does not exist ##_vso[task.complete result=Succeeded]\nPush it first.',
        ],
      ],
    );
  });

  it('keeps the chain of causes for the diagnostic log', async () => {
    const quiet = await runFixture('refuse');
    const loud = await runFixture('refuse', { variables: { 'System.Debug': 'true' } });
    const isCause = (line: string): boolean => line.includes('caused by Error: the registry said 404');
    assert.equal(quiet.lines.some(isCause), false);
    assert.equal(loud.lines.some(isCause), true);
  });

  for (const [action, message] of [
    ['crash', 'undefined is not a digest'],
    ['crashLater', 'nobody waits for this'],
    ['reject', 'nobody handles this'],
    ['waitForNothing', 'the task ended while it was still waiting for something'],
  ] as const) {
    it(`fails as our own defect: ${action}`, async () => {
      const run = await runFixture(action);
      assertClean(run, 'failed');
      assert.equal(run.issues.length, 1);
      assert.match(run.issues[0]?.message ?? '', new RegExp(`^Internal error: ${message}\nThis is a defect`));
      assert.equal(run.exitCode, 0);
    });
  }

  it('ends though something is still open', async () => {
    assertClean(await runFixture('leaveHandleOpen'), 'succeeded');
  });

  it('succeeds with issues, of which ten of a kind reach the page and all the log', async () => {
    const run = await runFixture('issues');
    assertClean(run, 'succeededWithIssues');
    assert.equal(run.issues.length, 13);
    assert.equal(run.issues.filter(({ onTimeline }) => onTimeline).length, 10);
    assert.equal(run.lines.filter((line) => line.startsWith('##[warning]')).length, 13);
  });

  it('may take its time to put things back after a cancellation', async () => {
    const run = await runFixture('cleanUpSlowly', cancelAfter('waiting'));
    assertClean(run, 'canceled');
    assert.ok(run.lines.includes('put everything back'));
  });

  it('that does not listen to a cancellation ends by itself before the agent sends a second signal', async () => {
    const run = await runFixture('ignoreCancellation', cancelAfter('waiting'));
    assertClean(run, 'canceled');
    assert.deepEqual(run.signals, ['SIGINT']);
  });

  it('fails when its time is over', async () => {
    const run = await runFixture('waitForCancellation', { timeout: 1_500 });
    assertClean(run, 'failed');
    assert.ok(run.issues.some(({ message }) => message === 'The task has timed out.'));
  });

  it('is run again when it fails and the step allows that', async () => {
    const run = await runFixture('flaky', { retryCountOnTaskFailure: 2, patience: { retry: () => 10 } });
    assertClean(run, 'succeeded');
    assert.equal(run.attempts, 2);
  });

  it("has the agent's proxy, and the bypass list is obeyed", async () => {
    const run = await runFixture('describe', {
      variables: {
        'Agent.ProxyUrl': 'http://127.0.0.1:3128',
        'Agent.ProxyUsername': 'contoso',
        'Agent.ProxyBypassList': JSON.stringify(['^https://10\\.']),
      },
      secretVariables: { 'Agent.ProxyPassword': 'p@ss:word', 'Deploy.Key': secretKey },
    });
    assertClean(run, 'succeeded');
    const facts = JSON.parse(run.outputs.get('FixtureTask.answer')?.value ?? '') as { proxy: object };
    assert.deepEqual(facts.proxy, { url: 'http://127.0.0.1:3128', password: 'p@ss:word', bypassed: true });
  });
});

describe('the task host', function () {
  this.timeout(60_000);

  const violations: readonly (readonly [string, string, RegExp])[] = [
    ['a result that the agent does not know', 'misspell', /valid result value: Cancelled/],
    ['a secret of several lines', 'multiLineSecret', /Secrets cannot contain multiple lines/],
    [
      'an unknown command, on standard error too',
      'unknownCommand',
      /task\.makecoffee is not a recognized command/,
    ],
    ['a variable that its restrictions forbid', 'forbiddenVariable', /set the variable PATH/],
    ['a secret in an uploaded file', 'leakFile', /leak\.md with a secret in it/],
    ['an exit code', 'exitCode', /ended with an exit code/],
    ['a process left behind', 'leaveChildBehind', /left a process behind: \d+ sleep 60/],
  ];
  for (const [name, action, violation] of violations) {
    it(`fails a task for ${name}`, async () => {
      const run = await runFixture(action);
      assert.equal(run.result, 'failed');
      assert.equal(run.contractViolations.length, 1);
      assert.match(run.contractViolations[0] ?? '', violation);
      assert.ok(
        run.lines.some((line) => line.startsWith('##[error]Contract violation: ') && violation.test(line)),
      );
    });
  }

  const echoes: readonly (readonly [string, string, RegExp])[] = [
    ["a command in somebody else's text", '##vso[task.setvariable variable=answer]x', /within other text/],
    ['a broken command', '##vso[task', /that is no command/],
    ['a secret that only the mask hides', secretKey, /printed a secret in clear/],
  ];
  for (const [name, text, violation] of echoes) {
    it(`fails a task for ${name}`, async () => {
      const run = await runFixture('echoRaw', { inputs: { text } });
      assert.equal(run.result, 'failed');
      assert.match(run.contractViolations.join('\n'), violation);
      assert.equal(run.lines.join('\n').includes(secretKey), false);
    });
  }

  it('kills a task that outlives both signals', async () => {
    const run = await runFixture('ignoreCancellation', {
      ...cancelAfter('waiting'),
      patience: { interrupt: 50, terminate: 50 },
    });
    assert.deepEqual(run.signals, ['SIGINT', 'SIGTERM', 'SIGKILL']);
    assert.match(run.contractViolations.join('\n'), /had to be killed/);
  });
});
