import assert from 'node:assert/strict';
import { importError } from '../../../../core/clients/azure/container-registry-error.ts';
import { digestOf } from '../../../../core/model/digest.ts';
import type { AzureRegistry } from '../../../../core/model/promotion-method.ts';

const registry = (name: string): AzureRegistry => ({
  id: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/${name}`,
  subscriptionId: 's',
  resourceGroup: 'g',
  name,
  loginServer: `${name}.azurecr.io`,
  isAbac: false,
});
const importer = { who: 'the identity', grant: (role: string, scope: string) => `grant ${role} on ${scope}` };
const [source, target] = [registry('contosononprod'), registry('contosoprod')];
const request = {
  source,
  sourcePath: 'shop/web',
  digest: digestOf('x'),
  target,
  targetPath: 'shop/web',
  tag: '1',
  force: false,
};

describe('what the service says of a failed import', () => {
  const cases: readonly [string, { code?: string; statusCode?: number; message: string }, string, RegExp][] =
    [
      [
        'a linked scope',
        {
          code: 'LinkedAuthorizationFailed',
          statusCode: 403,
          message: 'permission to perform action read on the linked scope(s)',
        },
        'Forbidden',
        /may not read the source registry contosononprod/,
      ],
      [
        'a missing import role',
        {
          code: 'AuthorizationFailed',
          statusCode: 403,
          message: `importImage/action over scope ${target.id}`,
        },
        'Forbidden',
        /may not import into contosoprod/,
      ],
      [
        'a missing pull right on the source',
        { code: 'AuthorizationFailed', statusCode: 403, message: `pull/read over scope ${source.id}` },
        'Forbidden',
        /may not read contosononprod/,
      ],
      [
        'network rules',
        {
          statusCode: 400,
          message:
            "Error copying blobs: client with IP '1.2.3.4' is not allowed access to contosononprod.azurecr.io. Refer https://aka.ms/acr/firewall",
        },
        'Forbidden',
        /network rules .* contosononprod/,
      ],
      [
        'an existing tag',
        { code: 'Conflict', statusCode: 409, message: 'Tag shop/web:1 already exists in target registry.' },
        'TagConflict',
        /shop\/web:1/,
      ],
      [
        'too many manifests',
        { statusCode: 400, message: 'The image has more than 50 manifests.' },
        'ImportFailed',
        /more manifests/,
      ],
      [
        'an unknown manifest',
        { code: 'ManifestUnknown', statusCode: 404, message: 'manifest unknown' },
        'ImageNotFound',
        /does not find it/,
      ],
      ['throttling', { statusCode: 429, message: 'HAP429' }, 'Throttled', /throttled/],
      [
        'nothing of use',
        { statusCode: 400, message: 'Error copying blobs.' },
        'ImportFailed',
        /does not say why/,
      ],
    ];
  for (const [name, { message, ...fields }, code, expected] of cases) {
    it(`about ${name} is translated`, () => {
      const error = importError(Object.assign(new Error(message), fields), request, importer, undefined);
      assert.equal(error.code, code);
      assert.match(error.message, expected);
      assert.ok(error.message.includes(message.slice(0, 20)), 'the service is still quoted');
      assert.ok(error.hint);
    });
  }

  it('when it never ends is our own word', () => {
    const error = importError(new Error('aborted'), request, importer, 20 * 60_000);
    assert.equal(error.code, 'DeadlineExceeded');
    assert.match(error.message, /20 minutes/);
  });
});
