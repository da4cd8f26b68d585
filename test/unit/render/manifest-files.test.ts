import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { isDeliveryError } from '../../../core/model/errors.ts';
import { findManifestFiles, readManifestFiles } from '../../../core/render/manifest-files.ts';

describe('findManifestFiles', () => {
  let root: string;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'manifests-'));
    await mkdir(join(root, 'k8s/base'), { recursive: true });
    await mkdir(join(root, 'empty'));
    for (const file of [
      'k8s/b.yaml',
      'k8s/a.yml',
      'k8s/base/c.json',
      'k8s/readme.md',
      'k8s/base/d.test.yaml',
      'one.yaml',
    ]) {
      const name = file.replaceAll(/\W/g, '-').toLowerCase();
      await writeFile(join(root, file), `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`);
    }
    await symlink(root, join(root, 'k8s/loop'));
  });

  after(() => rm(root, { recursive: true }));

  const found = async (...patterns: string[]): Promise<readonly string[]> =>
    (await findManifestFiles(patterns, root)).map((file) => relative(root, file));

  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['a file', ['one.yaml'], ['one.yaml']],
    [
      'a folder with all below it, by name',
      ['k8s'],
      ['k8s/a.yml', 'k8s/b.yaml', 'k8s/base/c.json', 'k8s/base/d.test.yaml'],
    ],
    ['a glob within a folder', ['k8s/*.yaml'], ['k8s/b.yaml']],
    [
      'a glob across folders',
      ['**/*.{yaml,json}'],
      ['k8s/b.yaml', 'k8s/base/c.json', 'k8s/base/d.test.yaml', 'one.yaml'],
    ],
    [
      'each file once, in the order of the patterns',
      ['one.yaml', '*.yaml', 'k8s/a.yml'],
      ['one.yaml', 'k8s/a.yml'],
    ],
    ['all but what is left out', ['k8s', '!**/*.test.yaml'], ['k8s/a.yml', 'k8s/b.yaml', 'k8s/base/c.json']],
  ];
  for (const [what, patterns, files] of cases) {
    it(`finds ${what}`, async () => {
      assert.deepEqual(await found(...patterns), files);
    });
  }

  const refusals: readonly (readonly [string, string, string])[] = [
    ['a path that does not exist', 'k8s/nothing.yaml', 'FileNotFound'],
    ['a glob without a match', 'k8s/*.toml', 'FileNotFound'],
    ['a folder without manifest files', 'empty', 'FileNotFound'],
    ['a URL', 'https://example.com/app.yaml', 'InputInvalid'],
  ];
  for (const [what, pattern, code] of refusals) {
    it(`refuses ${what}, naming it`, async () => {
      await assert.rejects(
        found(pattern),
        (error) => isDeliveryError(error) && error.code === code && error.message.includes(pattern),
      );
    });
  }

  it('refuses files that hold no object', async () => {
    await writeFile(join(root, 'empty/nothing.yaml'), '# nothing\n---\n');
    await assert.rejects(
      readManifestFiles(['empty/nothing.yaml'], root),
      (error) => isDeliveryError(error) && error.code === 'ManifestInvalid',
    );
  });

  it('names files by their path from the working directory', async () => {
    const [manifest] = await readManifestFiles(['k8s/b.yaml'], root);
    assert.equal(manifest?.origin, 'k8s/b.yaml:1');
  });
});
