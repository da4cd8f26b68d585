import assert from 'node:assert/strict';
import { Secrets } from '../../../core/host/secrets.ts';

function secretsWith(...values: readonly string[]): { secrets: Secrets; announced: string[] } {
  const announced: string[] = [];
  const secrets = new Secrets((line) => announced.push(line));
  for (const value of values) secrets.add(value);
  return { secrets, announced };
}

describe('secrets', () => {
  it('are announced to the agent once', () => {
    assert.deepEqual(secretsWith('hunter22', 'hunter22').announced, ['hunter22']);
  });

  it('of several lines are announced line by line, without a PEM frame', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvQ\r\nIBADAN\n-----END PRIVATE KEY-----\n';
    assert.deepEqual(secretsWith(pem).announced, ['MIIEvQ', 'IBADAN']);
  });

  it('that the agent knows already are not announced and are redacted', () => {
    const { secrets, announced } = secretsWith();
    secrets.addKnown(' from a variable ');
    assert.deepEqual(announced, []);
    assert.equal(secrets.redact('it is from a variable.'), 'it is ***.');
  });

  const spellings: readonly (readonly [string, string])[] = [
    ['plain', 'pa ss"wo/rd'],
    ['in a URL', encodeURIComponent('pa ss"wo/rd')],
    ['in JSON', JSON.stringify({ key: 'pa ss"wo/rd' })],
    ['in base64', Buffer.from('pa ss"wo/rd').toString('base64')],
  ];
  for (const [name, text] of spellings) {
    it(`are redacted ${name}`, () => {
      const redacted = secretsWith('pa ss"wo/rd').secrets.redact(`before ${text} after`);
      assert.match(redacted, /^before .*\*\*\*.* after$/);
      assert.equal(redacted.includes(text === 'pa ss"wo/rd' ? 'wo/rd' : text), false);
    });
  }

  it('that hold another are redacted whole', () => {
    assert.equal(secretsWith('token', 'token-and-more').secrets.redact('token-and-more'), '***');
  });

  it('too short to be told from words are announced and not redacted', () => {
    const { secrets, announced } = secretsWith('dev');
    assert.deepEqual(announced, ['dev']);
    assert.equal(secrets.redact('deviation'), 'deviation');
  });
});
