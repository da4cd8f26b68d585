import assert from 'node:assert/strict';
import { nameForLog } from '../../../core/model/azure-cloud.ts';
import { parseRepository } from '../../../core/model/reference.ts';

describe('a repository in the log', () => {
  const named = [
    ['contoso.azurecr.io/shop/web', 'contoso/shop/web'],
    ['contoso.azurecr.cn/shop/web', 'contoso/shop/web'],
    ['contoso.azurecr.us/shop/web', 'contoso/shop/web'],
    ['registry.contoso.example/shop/web', 'registry.contoso.example/shop/web'],
    ['localhost:5000/web', 'localhost:5000/web'],
  ] as const;
  for (const [repository, name] of named) {
    it(`${repository} is called ${name}, which no agent masks as a login server`, () => {
      assert.equal(nameForLog(parseRepository(repository)), name);
    });
  }
});
