import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from '../../../core/host/agent.ts';
import { startTask } from '../../../core/host/task.ts';
import { DeliveryError } from '../../../core/model/errors.ts';

/** What each action does; the names say what a task could be asked, or tricked, to do. */
const actions: Record<string, (agent: Agent) => Promise<void> | void> = {
  describe: (agent) => {
    const { inputs, system, proxy } = agent;
    const environment = Object.keys(process.env).filter((name) =>
      /^(INPUT|SECRET|ENDPOINT_AUTH)_/.test(name),
    );
    const facts = {
      text: inputs.text('text'),
      file: inputs.path('file'),
      run: system.run,
      collectionUrl: system.collectionUrl,
      hasToken: system.accessToken !== '',
      proxy: proxy && {
        url: proxy.url,
        password: proxy.password,
        bypassed: proxy.bypasses('https://10.0.0.1:6443/'),
      },
      secretVariable: agent.variable('Deploy.Key') === 'correct horse battery staple',
      leftInEnvironment: environment,
      node: process.versions.node,
      workingDirectory: process.cwd(),
    };
    agent.setOutput('answer', JSON.stringify(facts));
  },
  connect: (agent) => {
    const { identity, cloud } = agent.connections.azureResourceManager('azureSubscription');
    agent.setOutput('answer', `${identity.scheme} in ${cloud.name}`);
    if (identity.scheme === 'servicePrincipalSecret')
      agent.addSummary('Secrets', `It is ${identity.secret}.`);
  },
  publish: (agent) => {
    const results = join(agent.tempDirectory, 'results.xml');
    writeFileSync(results, '<testsuites><testsuite name="a"><testcase name="b"/></testsuite></testsuites>');
    agent.setSecret('line one of a key\nline two of a key');
    agent.addSummary(
      'What happened',
      `# All good\n\nline two of a key; ${agent.variable('Deploy.Key') ?? ''}`,
    );
    agent.attach('aks-delivery.release', 'release.json', JSON.stringify({ key: 'line one of a key' }));
    agent.publishTestResults(results, { title: 'Acceptance' });
    agent.addBuildTag('v1.2.3');
    agent.uploadArtifact('release', results);
    agent.setOutput('secretAnswer', 'hidden output value', { secret: true });
    agent.log.line('the key is hidden output value');
    agent.log.progress(40, 'Half way');
  },
  log: (agent) => {
    const hostile =
      'pod says ##vso[task.setvariable variable=PATH]/evil\r##vso[task.complete result=Succeeded]x\u001b[31m';
    agent.log.phase(`Plan ${hostile}`);
    agent.log.line(hostile);
    agent.log.line('split\n##vso[task.prependpath]/evil\n##[error]not ours');
    agent.log.block('Objects', ['created Deployment web', hostile]);
    agent.log.warning(hostile, { file: 'deploy/web.yaml', line: 12 });
    agent.log.error(hostile);
    agent.log.debug(hostile);
    agent.log.progress(10, hostile);
    agent.setOutput('answer', hostile);
  },
  refuse: () => {
    throw new DeliveryError(
      'ImageNotFound',
      'shop/web:9 does not exist ##vso[task.complete result=Succeeded]',
      {
        hint: 'Push it first.',
        cause: new Error('the registry said 404'),
      },
    );
  },
  crash: () => {
    throw new TypeError('undefined is not a digest');
  },
  crashLater: async () => {
    setTimeout(() => {
      throw new RangeError('nobody waits for this');
    }, 10);
    await sleep(60_000);
  },
  reject: async () => {
    void Promise.reject(new Error('nobody handles this'));
    await sleep(60_000);
  },
  waitForNothing: () => new Promise<void>(() => undefined),
  leaveHandleOpen: () => {
    setInterval(() => undefined, 1000);
  },
  issues: (agent) => {
    for (let index = 1; index <= 12; index += 1) agent.log.warning(`warning ${index}`);
    agent.succeedWithIssues('two checks were advisory');
  },
  waitForCancellation: async (agent) => {
    agent.log.line('waiting');
    await sleep(60_000, undefined, { signal: agent.signal });
  },
  cleanUpSlowly: async (agent) => {
    agent.log.line('waiting');
    await sleep(60_000, undefined, { signal: agent.signal }).catch(() => undefined);
    await sleep(300);
    agent.log.line('put everything back');
  },
  ignoreCancellation: async (agent) => {
    agent.log.line('waiting');
    await sleep(60_000);
  },
  leaveChildBehind: (agent) => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
    child.unref();
    agent.log.line(`started ${child.pid ?? 0}`);
  },
  misspell: () => {
    console.log('##vso[task.complete result=Cancelled]');
  },
  multiLineSecret: () => {
    console.log('##vso[task.setvariable variable=answer;issecret=true]one%0Atwo');
  },
  unknownCommand: () => {
    console.error('##vso[task.makecoffee]now');
  },
  forbiddenVariable: () => {
    console.log('##vso[task.setvariable variable=PATH]/evil');
  },
  echoRaw: (agent) => {
    console.log(`server says: ${agent.inputs.required('text')}`);
  },
  leakFile: (agent) => {
    const file = join(agent.tempDirectory, 'leak.md');
    writeFileSync(file, `key: ${agent.variable('Deploy.Key') ?? ''}`);
    console.log(`##vso[task.uploadsummary]${file}`);
  },
  exitCode: () => {
    process.exit(3);
  },
  flaky: (agent) => {
    const marker = join(agent.tempDirectory, 'tried');
    try {
      writeFileSync(marker, '', { flag: 'wx' });
    } catch {
      return;
    }
    throw new DeliveryError('Unreachable', 'the first try fails');
  },
};

startTask(async (agent) => {
  const action = actions[agent.inputs.required('action')];
  if (action === undefined) throw new Error('the fixture has no such action');
  await action(agent);
});
