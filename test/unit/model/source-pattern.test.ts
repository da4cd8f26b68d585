import assert from 'node:assert/strict';
import { parseRepository } from '../../../core/model/reference.ts';
import { matchesSource } from '../../../core/model/source-pattern.ts';

describe('an allowed source', () => {
  const cases: readonly [string, string, boolean][] = [
    ['contoso.azurecr.io', 'contoso.azurecr.io/shop/web', true],
    ['contoso.azurecr.io/shop/*', 'contoso.azurecr.io/shop/web', true],
    ['contoso.azurecr.io/shop/*', 'contoso.azurecr.io/shop/web/beta', true],
    ['contoso.azurecr.io/shop/web', 'contoso.azurecr.io/shop/web', true],
    ['contoso.azurecr.io/*/web', 'contoso.azurecr.io/shop/web', true],
    ['contoso.azurecr.io/shop/*', 'contoso.azurecr.io/shopping/web', false],
    ['contoso.azurecr.io/shop/web', 'contoso.azurecr.io/shop/web2', false],
    ['contoso.azurecr.io/*/web', 'contoso.azurecr.io/a/b/web', false],
    ['contoso.azurecr.io', 'contoso.azurecr.io.evil.example/shop/web', false],
    ['contosoXazurecr.io/*', 'contoso.azurecr.io/shop/web', false],
  ];
  for (const [pattern, repository, expected] of cases) {
    it(`${pattern} ${expected ? 'allows' : 'does not allow'} ${repository}`, () => {
      assert.equal(matchesSource(parseRepository(repository), pattern), expected);
    });
  }
});
