import assert from 'node:assert/strict';
import { digestOf } from '../../../core/model/digest.ts';
import { formatReference, formatRepository } from '../../../core/model/reference.ts';
import { parseImageLine, parseImageLines } from '../../../tasks/resolve-artifact/image-line.ts';

const host = 'contoso.azurecr.io';
const digest = digestOf('x');

describe('a line of the images input', () => {
  const references: readonly [string, string, string][] = [
    ['web=shop/web:1.0.0', 'web', 'contoso.azurecr.io/shop/web:1.0.0'],
    ['shop/web:1.0.0', 'web', 'contoso.azurecr.io/shop/web:1.0.0'],
    ['web:1', 'web', 'contoso.azurecr.io/web:1'],
    ['web = other.example/shop/web:1', 'web', 'other.example/shop/web:1'],
    ['localhost:5000/app:1', 'app', 'localhost:5000/app:1'],
    [`shop/web@${digest}`, 'web', `contoso.azurecr.io/shop/web@${digest}`],
    [`shop/web:1@${digest}`, 'web', `contoso.azurecr.io/shop/web:1@${digest}`],
  ];
  for (const [line, name, expected] of references) {
    it(`"${line}" is ${name} at ${expected}`, () => {
      const { at, ...image } = parseImageLine(line, host);
      assert.equal(image.name, name);
      assert.equal(at.kind === 'range' ? '' : formatReference(at), expected);
    });
  }

  it('may ask for the newest version in a range', () => {
    const { at, name } = parseImageLine('web=shop/web >=1.2.0 <2', host);
    assert.equal(name, 'web');
    assert.ok(at.kind === 'range');
    assert.equal(formatRepository(at.repository), 'contoso.azurecr.io/shop/web');
    const tags = ['latest', '1.1.9', '1.2.0', 'v1.10.0', '1.9.0', '2.0.0', '1.11.0-rc.1', 'sha256-abc.sig'];
    assert.equal(at.choose(tags), 'v1.10.0');
    assert.equal(at.choose(['latest']), undefined);
  });

  it('takes a pre-release only where the range names one', () => {
    const { at } = parseImageLine('shop/web ^1.11.0-rc.0', host);
    assert.ok(at.kind === 'range');
    assert.equal(at.choose(['1.10.0', '1.11.0-rc.1']), '1.11.0-rc.1');
  });

  const refused: readonly [string, string | undefined, string][] = [
    ['shop/web:1', undefined, 'InputInvalid'],
    ['shop/web', host, 'ReferenceInvalid'],
    ['shop/Web:1', host, 'ReferenceInvalid'],
    ['shop/web not-a-range', host, 'InputInvalid'],
    ['web=shop/web@sha256:12', host, 'ReferenceInvalid'],
  ];
  for (const [line, from, code] of refused) {
    it(`"${line}" is refused`, () => {
      assert.throws(() => parseImageLine(line, from), { code });
    });
  }

  it('twice of one name is refused', () => {
    assert.throws(() => parseImageLines(['web=a/b:1', 'web=c/d:1'], host), { code: 'InputInvalid' });
  });
});
