import assert from 'node:assert/strict';
import { isDeliveryError } from '../../../core/model/errors.ts';
import {
  formatReference,
  parseImage,
  parseReference,
  parseRegistry,
  parseRepository,
  parseTag,
} from '../../../core/model/reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

function refuses(parse: () => unknown): void {
  assert.throws(
    parse,
    (error) => isDeliveryError(error) && error.code === 'ReferenceInvalid' && error.hint !== '',
  );
}

describe('a reference', () => {
  const accepted = [
    ['contoso.azurecr.io/web:1.2.0', 'contoso.azurecr.io', 'web', '1.2.0'],
    ['localhost:5000/app:1', 'localhost:5000', 'app', '1'],
    ['localhost/app:1', 'localhost', 'app', '1'],
    ['[::1]:5000/app:1', '[::1]:5000', 'app', '1'],
    ['10.0.0.4:443/a/b/c:x', '10.0.0.4:443', 'a/b/c', 'x'],
    ['Contoso.azurecr.io/web:1', 'contoso.azurecr.io', 'web', '1'],
    ['contoso.azurecr.io/a__b/c-d.e:V_1.0-rc', 'contoso.azurecr.io', 'a__b/c-d.e', 'V_1.0-rc'],
  ] as const;
  for (const [text, registry, path, tag] of accepted) {
    it(`by tag: ${text}`, () => {
      assert.deepEqual(parseReference(text), { kind: 'tag', repository: { registry, path }, tag });
    });
  }

  it('by digest keeps the tag beside it and lets the digest decide', () => {
    const parsed = parseReference(`contoso.azurecr.io/web:1.2.0@${digest}`);
    assert.equal(parsed.kind, 'digest');
    assert.equal(formatReference(parsed), `contoso.azurecr.io/web:1.2.0@${digest}`);
  });

  const refused = [
    '',
    ' contoso.azurecr.io/web:1',
    'contoso.azurecr.io/web:1 ',
    'contoso.azurecr.io/web',
    'web:1',
    'shop/web:1',
    'https://contoso.azurecr.io/web:1',
    'contoso.azurecr.io/Web:1',
    'contoso.azurecr.io/web:',
    'contoso.azurecr.io/web:-1',
    `contoso.azurecr.io/web:${'x'.repeat(129)}`,
    'contoso.azurecr.io//web:1',
    'contoso.azurecr.io/web/:1',
    'contoso.azurecr.io/web@sha256:12',
    `contoso.azurecr.io/web@${digest}@${digest}`,
    'contoso.azurecr.io:99999/web:1',
    'contoso..io/web:1',
    'contoso.azurecr.io/../web:1',
    'contoso.azurecr.io/web:1\n##vso[task.complete]',
    `contoso.azurecr.io/${'a'.repeat(256)}:1`,
  ];
  for (const text of refused) {
    it(`is not ${JSON.stringify(text.slice(0, 60))}`, () => {
      refuses(() => parseReference(text));
    });
  }

  it('is parsed back from what it is formatted to', () => {
    for (const text of ['contoso.azurecr.io/web:1', `localhost:5000/a/b@${digest}`]) {
      assert.equal(formatReference(parseReference(text)), text);
    }
  });
});

describe("a container's image", () => {
  const normalised = [
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['shop/web', 'docker.io/shop/web:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/shop/web:1', 'docker.io/shop/web:1'],
    ['contoso.azurecr.io/web', 'contoso.azurecr.io/web:latest'],
    [`contoso.azurecr.io/web@${digest}`, `contoso.azurecr.io/web@${digest}`],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
  ] as const;
  for (const [text, meant] of normalised) {
    it(`${text} means ${meant}`, () => {
      assert.equal(formatReference(parseImage(text)), meant);
    });
  }
});

describe('the parts of a reference', () => {
  it('a repository has neither tag nor digest', () => {
    assert.deepEqual(parseRepository('contoso.azurecr.io/shop/web'), {
      registry: 'contoso.azurecr.io',
      path: 'shop/web',
    });
    refuses(() => parseRepository('contoso.azurecr.io/shop/web:1'));
    refuses(() => parseRepository(`contoso.azurecr.io/shop/web@${digest}`));
    refuses(() => parseRepository('shop/web'));
  });

  it('a registry is a host and nothing more', () => {
    assert.equal(parseRegistry('Contoso.AzureCR.io'), 'contoso.azurecr.io');
    assert.equal(parseRegistry('localhost:5000'), 'localhost:5000');
    for (const text of [
      '',
      'https://contoso.azurecr.io',
      'contoso.azurecr.io/',
      'a b',
      'contoso.azurecr.io:0',
    ]) {
      refuses(() => parseRegistry(text));
    }
  });

  it('a tag keeps to the specification', () => {
    assert.equal(parseTag('v1.2.0_rc-1'), 'v1.2.0_rc-1');
    for (const text of ['', '.1', '-1', 'a b', 'a/b', 'a:b']) refuses(() => parseTag(text));
  });
});
