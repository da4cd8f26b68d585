import assert from 'node:assert/strict';
import { digestOf } from '../../../../core/model/digest.ts';
import { parseBuildOutput } from '../../../../core/operations/resolve/build-output.ts';

const [one, two] = [digestOf('one'), digestOf('two')];

describe('what a build step printed', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    [
      'docker push',
      `The push refers to repository [contoso.azurecr.io/shop/web]\nabc: Layer already exists\n1.0: digest: ${one} size: 1234\nlatest: digest: ${one} size: 1234\n`,
      [`contoso.azurecr.io/shop/web@${one}`],
    ],
    [
      'two pushes',
      `The push refers to repository [contoso.azurecr.io/a]\n1: digest: ${one} size: 1\nThe push refers to repository [contoso.azurecr.io/b]\n1: digest: ${two} size: 1\n`,
      [`contoso.azurecr.io/a@${one}`, `contoso.azurecr.io/b@${two}`],
    ],
    [
      'buildx',
      `#12 pushing manifest for contoso.azurecr.io:443/shop/web:1.0@${one} 0.4s done\n`,
      [`contoso.azurecr.io:443/shop/web@${one}`],
    ],
    [
      'an ACR task',
      `Waiting...\n${JSON.stringify({ runId: 'ca1', outputImages: [{ registry: 'contoso.azurecr.io', repository: 'shop/web', tag: '1', digest: one }] })}`,
      [`contoso.azurecr.io/shop/web@${one}`],
    ],
  ];
  for (const [name, text, expected] of cases) {
    it(`by ${name} names what was pushed`, () => {
      assert.deepEqual(
        parseBuildOutput(text, 'file').map((image) => image.text),
        expected,
      );
    });
  }

  it('that names nothing pushed is refused', () => {
    assert.throws(() => parseBuildOutput('Successfully built 0123456789ab', 'file'), { code: 'FileInvalid' });
  });
});
