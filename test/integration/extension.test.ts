import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeRuntime } from '../../sandbox/agent/runtimes.ts';
import { runTask } from '../../sandbox/agent/task-host.ts';
import type { TaskRun } from '../../sandbox/agent/task-run.ts';
import { readArchive } from '../../scripts/extension-archive.ts';
import { packageExtension } from '../../scripts/package.ts';

const tasks = ['acceptance-gate', 'aks-deploy', 'promote-image', 'resolve-artifact'] as const;

/** Inputs that satisfy task.json and name what is not there. */
const inputs: Readonly<Record<(typeof tasks)[number], Readonly<Record<string, string>>>> = {
  'acceptance-gate': { releaseFile: 'no-such/release.json', checks: 'checks.yaml', environment: 'staging' },
  'aks-deploy': { releaseFile: 'no-such/release.json', manifests: 'deploy', environment: 'staging' },
  'promote-image': {
    releaseFile: 'no-such/release.json',
    sourceRegistry: 'contoso-gone',
    containerRegistry: 'contoso-gone',
  },
  'resolve-artifact': { containerRegistry: 'contoso-gone', images: 'web=shop/web:1' },
};

describe('the packaged extension', function () {
  this.timeout(180_000);
  let directory: string;
  let files: ReadonlyMap<string, Uint8Array>;
  let sha256: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'extension-'));
    const made = await packageExtension(directory);
    sha256 = made.sha256;
    files = await readArchive(await readFile(made.path));
    for (const [name, content] of files) {
      const path = join(directory, 'unpacked', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  });

  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('has the same bytes when it is made again', async () => {
    assert.equal((await packageExtension(join(directory, 'again'))).sha256, sha256);
  });

  it('holds the tasks, what goes with them, and nothing else', () => {
    const ofTask = [
      'ThirdPartyNotices.txt',
      'bom.cdx.json',
      'icon.png',
      'index.js',
      'package.json',
      'task.json',
    ];
    const engines = ['ThirdPartyNotices.txt', 'helm.wasm.br', 'kustomize.wasm.br', 'worker.mjs'];
    assert.deepEqual(
      [...files.keys()].filter((name) => name.startsWith('tasks/')),
      tasks.flatMap((task) => {
        const own = task === 'aks-deploy' ? engines.map((file) => `renderer/${file}`) : [];
        return [...ofTask, ...own].toSorted().map((file) => `tasks/${task}/${file}`);
      }),
    );
    assert.deepEqual(
      [...files.keys()].filter((name) => !/^(tasks|images)\//.test(name)),
      ['LICENSE', '[Content_Types].xml', 'extension.vsixmanifest', 'extension.vsomanifest', 'overview.md'],
    );
  });

  it('keeps each task under 3 MB', () => {
    for (const task of tasks) {
      const size = files.get(`tasks/${task}/index.js`)?.length ?? Number.POSITIVE_INFINITY;
      assert.ok(size < 3 * 1024 * 1024, `${task}: ${size}`);
    }
  });

  it('lists the same packages in the notices and in the bill of materials', () => {
    for (const task of tasks) {
      const text = (file: string): string =>
        Buffer.from(files.get(`tasks/${task}/${file}`) ?? []).toString('utf8');
      const { components } = JSON.parse(text('bom.cdx.json')) as {
        components: { name: string; version: string }[];
      };
      assert.ok(components.some(({ name }) => name === 'azure-pipelines-task-lib'));
      for (const { name, version } of components) {
        assert.ok(
          text('ThirdPartyNotices.txt').includes(`\n${name} ${version} (`),
          `${task}: ${name} ${version}`,
        );
      }
    }
  });

  // The first Node 20 that an agent had, and what agents have now.
  for (const version of ['20.9.0', 20, 24] as const) {
    for (const task of tasks) {
      it(`starts ${task} on Node ${version}, which refuses what is not there`, async () => {
        const run = await startUnpacked(task, await nodeRuntime(version));
        assert.deepEqual(run.contractViolations, []);
        assert.equal(run.result, 'failed');
        assert.match(run.issues[0]?.message ?? '', /^(ConnectionUnknown|FileNotFound): .+\n.+/);
        assert.equal(run.issues.length, 1);
      });
    }
  }

  function startUnpacked(task: (typeof tasks)[number], node: string): Promise<TaskRun> {
    return runTask({
      taskDirectory: join(directory, 'unpacked/tasks', task),
      inputs: inputs[task],
      variables: { 'Build.BuildNumber': '1', 'Build.BuildId': '1', 'System.TeamProject': 'shop' },
      serviceConnections: [],
      systemConnection: { url: 'https://dev.azure.com/contoso/', accessToken: 'access-token-of-the-job' },
      workingDirectory: join(directory, 'work', task, '1', 's'),
      environment: { PATH: process.env['PATH'] ?? '' },
      node,
    });
  }
});
