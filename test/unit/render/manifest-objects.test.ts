import assert from 'node:assert/strict';
import { isDeliveryError } from '../../../core/model/errors.ts';
import { readManifest, refuseDuplicates } from '../../../core/render/manifest-objects.ts';

const configMap = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${more}}\n`;

describe('readManifest', () => {
  it('takes every document and leaves out empty ones', () => {
    const read = readManifest(
      `---\n${configMap('a')}---\n---\n# nothing\n---\n${configMap('b')}`,
      'k8s/all.yaml',
    );
    assert.deepEqual(
      read.map(({ object, origin }) => [object.metadata.name, origin]),
      [
        ['a', 'k8s/all.yaml:2'],
        ['b', 'k8s/all.yaml:9'],
      ],
    );
  });

  it('takes the items of a List without metadata, and of lists within it', () => {
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
        {
          apiVersion: 'v1',
          kind: 'ConfigMapList',
          items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } }],
        },
      ],
    };
    const read = readManifest(JSON.stringify(list), 'list.json');
    assert.deepEqual(
      read.map(({ object, origin }) => [object.metadata.name, origin]),
      [
        ['a', 'list.json:1 (item 1)'],
        ['b', 'list.json:1 (item 2) (item 1)'],
      ],
    );
  });

  it('takes an object with generateName', () => {
    const [job] = readManifest(
      'apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: migrate-}\n',
      'job.yaml',
    );
    assert.equal(job?.object.metadata.generateName, 'migrate-');
  });

  it('keeps the same name in two namespaces apart', () => {
    const read = readManifest(
      `${configMap('web', ', namespace: a')}---\n${configMap('web', ', namespace: b')}`,
      'f.yaml',
    );
    refuseDuplicates(read);
    assert.deepEqual(
      read.map(({ object }) => object.metadata.namespace),
      ['a', 'b'],
    );
  });

  it("writes a Secret's stringData into its data, which alone the server keeps", () => {
    const [secret] = readManifest(
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: MQ==}\nstringData: {b: "2"}\n',
      's.yaml',
    );
    assert.deepEqual(secret?.object['data'], { a: 'MQ==', b: 'Mg==' });
    assert.equal(secret.object['stringData'], undefined);
  });

  const faults: readonly (readonly [string, string, RegExp])[] = [
    ['text that is no object', 'hello\n', /^f\.yaml:1: a document must be an object/],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', /^f\.yaml:1: kind is missing/],
    ['no apiVersion', 'kind: Pod\nmetadata: {name: a}\n', /apiVersion is missing/],
    ['no metadata', 'apiVersion: v1\nkind: Pod\n', /Pod has no metadata/],
    ['no name', 'apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: b}}\n', /Pod has no metadata\.name/],
    [
      'a name that YAML reads as a number',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: 12}\n',
      /metadata\.name must be text, not 12: put it in quotes/,
    ],
    [
      'a label that YAML reads as true',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {x: yes}}\n',
      /metadata\.labels\.x must be text/,
    ],
  ];
  for (const [what, text, message] of faults) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readManifest(text, 'f.yaml'),
        (error) => isDeliveryError(error) && error.code === 'ManifestInvalid' && message.test(error.message),
      );
    });
  }

  it('refuses one object that is written twice, naming both places', () => {
    assert.throws(
      () => {
        refuseDuplicates(readManifest(`${configMap('a')}---\n${configMap('a')}`, 'f.yaml'));
      },
      (error) => isDeliveryError(error) && /f\.yaml:1 and in f\.yaml:5/.test(error.message),
    );
  });
});
