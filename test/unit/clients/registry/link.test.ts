import assert from 'node:assert/strict';
import { nextLink } from '../../../../core/clients/registry/link.ts';

describe('a Link header', () => {
  const cases: readonly [string | undefined, string | undefined][] = [
    ['</v2/a/tags/list?last=b&n=1000>; rel="next"', '/v2/a/tags/list?last=b&n=1000'],
    ['<https://r.example/v2/x>; title="page"; rel=next', 'https://r.example/v2/x'],
    ['</first>; rel="first", </second>; rel="next"', '/second'],
    ['</v2/a>; rel="prev"', undefined],
    [undefined, undefined],
  ];
  for (const [header, expected] of cases) {
    it(`${header ?? '(absent)'} leads to ${expected ?? 'nothing'}`, () => {
      assert.equal(nextLink(header), expected);
    });
  }
});
