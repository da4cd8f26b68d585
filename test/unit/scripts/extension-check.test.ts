import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkTaskDefinition } from '../../../sandbox/agent/task-definition.ts';
import { crc32, encodePng } from '../../../scripts/drawing/png.ts';
import { checkExtension } from '../../../scripts/extension-check.ts';

const checkout = resolve(import.meta.dirname, '../../..');

type Edit = (text: string) => string;

describe('the check before packaging', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'check-'));
    for (const name of ['vss-extension.json', 'overview.md', 'LICENSE', 'images', 'tasks']) {
      cpSync(join(checkout, name), join(root, name), { recursive: true });
    }
    for (const task of ['acceptance-gate', 'aks-deploy', 'promote-image', 'resolve-artifact']) {
      writeFileSync(join(root, 'tasks', task, 'index.js'), '');
    }
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('finds nothing wrong with what is there', () => {
    assert.deepEqual(checkExtension(root), []);
  });

  const edits: readonly (readonly [string, string, Edit, RegExp])[] = [
    [
      'a version of its own',
      'tasks/aks-deploy/task.json',
      (t) => t.replace('"Patch": 0', '"Patch": 1'),
      /version 1\.0\.1, not/,
    ],
    [
      'a name too long',
      'tasks/aks-deploy/task.json',
      (t) => t.replace(/"friendlyName": "[^"]+"/, `"friendlyName": "${'x'.repeat(41)}"`),
      /friendlyName must NOT have more than 40/,
    ],
    [
      'a handler that agents do not know',
      'tasks/aks-deploy/task.json',
      (t) => t.replace('"Node20_1"', '"Node20"'),
      /execution .*Node20/,
    ],
    [
      'a handler whose file is missing',
      'tasks/aks-deploy/task.json',
      (t) => t.replaceAll('"index.js"', '"main.js"'),
      /main\.js does not exist/,
    ],
    [
      'an unknown field',
      'tasks/aks-deploy/task.json',
      (t) => t.replace('"inputs"', '"inputAliases": {}, "inputs"'),
      /additional properties.*inputAliases/,
    ],
    [
      'a number for a default',
      'tasks/aks-deploy/task.json',
      (t) => t.replace('"defaultValue": "10m"', '"defaultValue": 10'),
      /defaultValue must be string,boolean/,
    ],
    [
      'a pick list for what is not there',
      'tasks/aks-deploy/task.json',
      (t) => t.replace('"target": "kubernetesCluster"', '"target": "cluster9"'),
      /unknown input cluster9/,
    ],
    [
      'a rule about what is not there',
      'tasks/aks-deploy/task.json',
      (t) => t.replace('"connectionType = azureResourceManager"', '"via = azure"'),
      /unknown input via/,
    ],
    [
      'an unknown group',
      'tasks/aks-deploy/task.json',
      (t) => t.replace('"groupName": "cluster"', '"groupName": "place"'),
      /unknown group place/,
    ],
    [
      'an alias that is taken',
      'tasks/aks-deploy/task.json',
      (t) => t.replace('"clusterName"', '"Namespace"'),
      /namespace is used twice/,
    ],
    [
      'a long description',
      'vss-extension.json',
      (t) => t.replace(/"description": "[^"]+"/, `"description": "${'x'.repeat(201)}"`),
      /description is longer/,
    ],
    [
      'a contribution to nowhere',
      'vss-extension.json',
      (t) => t.replace('tasks/aks-deploy', 'tasks/deploy'),
      /points to tasks\/deploy/,
    ],
  ];
  for (const [name, file, edit, problem] of edits) {
    it(`finds ${name}`, () => {
      const path = join(root, file);
      const text = readFileSync(path, 'utf8');
      const edited = edit(text);
      assert.notEqual(edited, text);
      writeFileSync(path, edited);
      assert.match(checkExtension(root).join('\n'), problem);
    });
  }

  it('finds a task id that is taken', () => {
    cpSync(join(root, 'tasks/aks-deploy/task.json'), join(root, 'tasks/promote-image/task.json'));
    assert.match(
      checkExtension(root).join('\n'),
      /promote-image: the id [0-9a-f-]+ is taken|aks-deploy: the id/,
    );
  });

  it('finds an icon of another size', () => {
    writeFileSync(
      join(root, 'tasks/aks-deploy/icon.png'),
      encodePng({ size: 2, pixels: new Uint8Array(16) }),
    );
    assert.deepEqual(checkExtension(root), ['tasks/aks-deploy: icon.png is not 32 x 32']);
  });
});

describe('the check of a task.json', () => {
  it('reports everything at once', () => {
    assert.ok(checkTaskDefinition({}).length >= 10);
  });
});

describe('the picture writer', () => {
  it('has the check value of CRC-32', () => {
    assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  });
});
