import assert from 'node:assert/strict';
import {
  digester,
  digestOf,
  hexOf,
  matchesDigest,
  parseDigest,
  shortDigest,
} from '../../../core/model/digest.ts';
import { isDeliveryError } from '../../../core/model/errors.ts';

const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('a digest', () => {
  it('is the hash of the bytes, with its algorithm', () => {
    assert.equal(digestOf(''), empty);
    assert.equal(hexOf(digestOf('', 'sha512')).length, 128);
  });

  it('comes out the same however the bytes are cut', () => {
    assert.equal(digester().update('he').update(Buffer.from('llo')).digest(), digestOf('hello'));
  });

  it('matches its own bytes and no others', () => {
    assert.equal(matchesDigest(Buffer.from('hello'), digestOf('hello')), true);
    assert.equal(matchesDigest(Buffer.from('hellO'), digestOf('hello')), false);
    assert.equal(matchesDigest(Buffer.from('hello'), digestOf('hello', 'sha512')), true);
  });

  it('is shortened for people to its algorithm and twelve characters', () => {
    assert.equal(shortDigest(parseDigest(empty)), 'sha256:e3b0c44298fc');
  });

  const refused = [
    '',
    'sha256:',
    hexOf(parseDigest(empty)),
    empty.toUpperCase(),
    empty.slice(0, -1),
    `${empty}0`,
    empty.replace('sha256', 'md5'),
    empty.replace('sha256', 'sha512'),
    `${empty}\n`,
  ];
  for (const text of refused) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseDigest(text),
        (error) => isDeliveryError(error) && error.code === 'DigestInvalid',
      );
    });
  }
});
