import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandLog } from '../../../core/host/agent-log.ts';
import { PipelineAgent } from '../../../core/host/pipeline-agent.ts';
import { Secrets } from '../../../core/host/secrets.ts';
import { FakeSdk } from '../../support/fake-sdk.ts';

describe('the agent that a task gets', () => {
  let directory: string;
  let sdk: FakeSdk;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agent-'));
    sdk = new FakeSdk();
    sdk.variables = { 'Agent.TempDirectory': directory, 'System.DefaultWorkingDirectory': '/work/s' };
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function open(lines: string[] = []): PipelineAgent {
    const secrets = new Secrets((line) => {
      sdk.setSecret(line);
    });
    const log = new CommandLog(
      sdk,
      (line) => lines.push(line),
      (text) => secrets.redact(text),
    );
    const surroundings = { currentDirectory: '/', processId: 1 };
    return new PipelineAgent(sdk, secrets, log, surroundings, new AbortController().signal);
  }

  it('writes a summary without secrets to a file of its own', () => {
    sdk.secrets = ['from a secret variable'];
    const agent = open();
    agent.setSecret('token-1234');
    agent.addSummary('Plan: 1/2', 'token-1234, from a secret variable, job-token');
    agent.addSummary('Plan: 1/2', 'second');
    const [first, second] = sdk.commands;
    assert.equal(first?.name, 'task.uploadsummary');
    assert.match(first.data, /Plan- 1-2\.md$/);
    assert.equal(readFileSync(first.data, 'utf8'), '***, ***, ***');
    assert.notEqual(first.data, second?.data);
  });

  it('attaches text without secrets', () => {
    const agent = open();
    agent.setSecret('token-1234');
    agent.attach('aks-delivery.release', 'release.json', '{"a":"token-1234"}');
    const [command] = sdk.commands;
    assert.deepEqual(command?.properties, { type: 'aks-delivery.release', name: 'release.json' });
    assert.equal(readFileSync(command.data, 'utf8'), '{"a":"***"}');
  });

  it('cannot be led out of its folder by a name', () => {
    open().attach('t', '../../etc/passwd', 'x');
    assert.ok(sdk.commands[0]?.data.startsWith(join(directory, 'aks-delivery-1')));
  });

  it('masks a secret output before it sets it', () => {
    open().setOutput('token', 'abcdef', { secret: true });
    assert.deepEqual(sdk.masked, ['abcdef']);
    assert.deepEqual(sdk.outputs, [{ name: 'token', value: 'abcdef', secret: true }]);
  });

  it('refuses a secret output of several lines and a name that is none', () => {
    const agent = open();
    assert.throws(() => {
      agent.setOutput('key', 'a\nb', { secret: true });
    }, /several lines/);
    assert.throws(() => {
      agent.setOutput('a b', 'x');
    }, /no name/);
    assert.deepEqual(sdk.outputs, []);
  });

  it('in a classic release sets no build tag, for which the agent would fail the step', () => {
    sdk.variables = { ...sdk.variables, 'System.HostType': 'release' };
    const agent = open();
    agent.addBuildTag('v1');
    agent.uploadArtifact('release', '/x');
    assert.deepEqual(
      sdk.commands.map(({ name }) => name),
      ['task.debug', 'task.logissue'],
    );
  });

  it("masks the proxy's password", () => {
    sdk.proxySettings = { url: 'http://proxy:3128', username: 'u', password: 'proxy-password' };
    const lines: string[] = [];
    open(lines).log.line('via proxy-password');
    assert.deepEqual(lines, ['via ***']);
  });

  it('warns of what makes it succeed with issues', () => {
    const agent = open();
    agent.succeedWithIssues('one check was advisory');
    assert.deepEqual(agent.issues, ['one check was advisory']);
    assert.equal(sdk.commands[0]?.properties['type'], 'warning');
  });
});
