import assert from 'node:assert/strict';
import { parseChallenges } from '../../../../core/clients/registry/challenge.ts';

describe('a WWW-Authenticate header', () => {
  const cases: readonly [string, readonly [string, Record<string, string>][]][] = [
    [
      'Bearer realm="https://contoso.azurecr.io/oauth2/token",service="contoso.azurecr.io",scope="repository:shop/web:pull,push"',
      [
        [
          'bearer',
          {
            realm: 'https://contoso.azurecr.io/oauth2/token',
            service: 'contoso.azurecr.io',
            scope: 'repository:shop/web:pull,push',
          },
        ],
      ],
    ],
    ['Basic realm="Registry"', [['basic', { realm: 'Registry' }]]],
    ['bearer REALM=plain', [['bearer', { realm: 'plain' }]]],
    [
      'Basic realm="one", Bearer realm="two" , error="insufficient_scope"',
      [
        ['basic', { realm: 'one' }],
        ['bearer', { realm: 'two', error: 'insufficient_scope' }],
      ],
    ],
    ['Bearer realm="a \\"quoted\\" name"', [['bearer', { realm: 'a "quoted" name' }]]],
    ['Negotiate', [['negotiate', {}]]],
    ['', []],
    ['"nothing"', []],
  ];
  for (const [text, expected] of cases) {
    it(`${text === '' ? '(empty)' : text} is read`, () => {
      const read = parseChallenges(text).map(({ scheme, parameters }) => [
        scheme,
        Object.fromEntries(parameters),
      ]);
      assert.deepEqual(read, expected);
    });
  }
});
