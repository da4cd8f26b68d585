import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineFiles, FileError, type FileRefusal } from '../../../core/render/engine-files.ts';

describe('the files that an engine sees', () => {
  let directory: string;
  let files: EngineFiles;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'aks-delivery-files-'));
    await mkdir(join(directory, 'root/sub'), { recursive: true });
    await writeFile(join(directory, 'outside.txt'), 'outside');
    await writeFile(join(directory, 'root/a.txt'), 'inside');
    await symlink('../a.txt', join(directory, 'root/sub/near'));
    await symlink('../../outside.txt', join(directory, 'root/sub/far'));
    await symlink(join(directory, 'root/a.txt'), join(directory, 'root/absolute'));
    await symlink('sub', join(directory, 'root/folder'));
    await symlink('..', join(directory, 'root/up'));
    files = new EngineFiles({ root: join(directory, 'root'), files: { 'chart.tgz': Buffer.from('tgz') } });
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const refusedFor = (access: () => unknown, refusal: FileRefusal): void => {
    assert.throws(access, (error) => error instanceof FileError && error.refusal === refusal);
  };
  const text = (path: string): string => Buffer.from(files.read(path)).toString();

  it('are those of the folder and those in memory', () => {
    assert.equal(text('/src/a.txt'), 'inside');
    assert.equal(text('/input/chart.tgz'), 'tgz');
    assert.deepEqual(
      files.list('/').map(({ name }) => name),
      ['src', 'input'],
    );
    assert.deepEqual(files.list('/input'), [{ name: 'chart.tgz', kind: 'file' }]);
    assert.equal(files.status('/src/sub', { follow: true }).kind, 'directory');
  });

  it('are followed through links as long as they stay in the folder', () => {
    assert.equal(text('/src/sub/near'), 'inside');
    assert.equal(text('/src/folder/near'), 'inside');
    assert.equal(files.status('/src/sub/near', { follow: false }).kind, 'link');
    assert.equal(files.readLink('/src/sub/near'), '../a.txt');
    assert.equal(files.readLink('/src/absolute'), '/src/a.txt');
  });

  it('are refused, and remembered, where a link leads out', () => {
    refusedFor(() => files.read('/src/sub/far'), 'forbidden');
    refusedFor(() => files.readLink('/src/sub/far'), 'forbidden');
    refusedFor(() => files.read('/src/up/outside.txt'), 'forbidden');
    assert.deepEqual([...files.escapes], ['sub/far', 'up/outside.txt']);
  });

  it('are absent elsewhere', () => {
    for (const path of ['/etc/passwd', '/srcs', '/src/none', '/input/none', '/input/../src'])
      refusedFor(() => files.read(path), 'absent');
    refusedFor(() => new EngineFiles({}).read('/src/a.txt'), 'absent');
  });
});
