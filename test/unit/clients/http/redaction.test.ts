import assert from 'node:assert/strict';
import { redactUrl } from '../../../../core/clients/http/redaction.ts';

describe('a URL in a message', () => {
  const cases: readonly [string, string][] = [
    ['https://user:secret@contoso.azurecr.io/v2/', 'https://contoso.azurecr.io/v2/'],
    [
      'https://data.example/blob?sig=abc&se=2026&digest=sha256%3A1#part',
      'https://data.example/blob?sig=REDACTED&se=REDACTED&digest=sha256%3A1',
    ],
    [
      'https://contoso.azurecr.io/oauth2/token?scope=repository%3Aa%3Apull&service=s&refresh_token=x',
      'https://contoso.azurecr.io/oauth2/token?scope=repository%3Aa%3Apull&service=s&refresh_token=REDACTED',
    ],
    ['not a url', '(not a URL)'],
  ];
  for (const [text, expected] of cases) {
    it(`${text} is shown as ${expected}`, () => {
      assert.equal(redactUrl(text), expected);
    });
  }
});
