import assert from 'node:assert/strict';
import { isDeliveryError } from '../../../core/model/errors.ts';
import { formatReference } from '../../../core/model/reference.ts';
import { withPromotions } from '../../../core/model/release.ts';
import {
  chooseImages,
  deployedImages,
  wantedFromEntries,
  wantedFromRelease,
} from '../../../core/model/wanted-images.ts';
import { digestFor, resolved } from '../../support/sample-release.ts';

const promoted = withPromotions(
  resolved,
  resolved.images.map((image) => ({
    image: image.name,
    digest: image.digest,
    from: image.repository,
    to: { registry: 'contosoprod.azurecr.io', path: image.repository.path },
    tags: [],
    method: 'copy' as const,
    bytes: 0,
    at: '2026-11-21T02:00:00Z',
  })),
);

describe('chooseImages', () => {
  it('takes every image from where it was promoted to last', () => {
    assert.deepEqual(
      chooseImages(promoted, [], undefined).map(({ repository }) => repository.registry),
      Array(3).fill('contosoprod.azurecr.io'),
    );
  });

  it('takes a release that was never promoted from where it was resolved', () => {
    assert.equal(
      chooseImages(resolved, ['catalog'], undefined)[0]?.repository.registry,
      'contosononprod.azurecr.io',
    );
  });

  it('takes the registry that is asked for', () => {
    const [image] = chooseImages(promoted, ['catalog'], 'contosononprod.azurecr.io');
    assert.equal(image?.repository.registry, 'contosononprod.azurecr.io');
  });

  it('refuses a registry that the release was never promoted to', () => {
    assert.throws(
      () => chooseImages(resolved, [], 'contosoprod.azurecr.io'),
      (error) => isDeliveryError(error) && error.code === 'ImageNotFound',
    );
  });

  it('refuses a component that the release does not have', () => {
    assert.throws(
      () => chooseImages(resolved, ['payments'], undefined),
      (error) => isDeliveryError(error) && error.code === 'ReleaseImageUnknown',
    );
  });

  it('is put in by digest and recorded as such', () => {
    const chosen = chooseImages(promoted, ['orders'], undefined);
    const [wanted] = wantedFromRelease(promoted, chosen);
    assert.equal(
      wanted && formatReference(wanted.reference),
      `contosoprod.azurecr.io/shop/orders@${digestFor('orders')}`,
    );
    assert.deepEqual(deployedImages(chosen), [
      {
        image: 'orders',
        repository: { registry: 'contosoprod.azurecr.io', path: 'shop/orders' },
        digest: digestFor('orders'),
      },
    ]);
  });
});

describe('wantedFromEntries', () => {
  it('takes entries by digest', () => {
    const [entry] = wantedFromEntries([` localhost:5000/app@${digestFor('app')}`], []);
    assert.deepEqual(entry?.paths, ['app']);
  });

  it('refuses an entry by tag', () => {
    assert.throws(
      () => wantedFromEntries(['contoso.azurecr.io/web:1'], []),
      (error) => isDeliveryError(error) && error.code === 'ImageUnpinned',
    );
  });

  it('takes an entry by tag whose path is allowed', () => {
    assert.equal(wantedFromEntries(['contoso.azurecr.io/web:1'], ['web']).length, 1);
  });
});
