import assert from 'node:assert/strict';
import { AccessControl } from '../../../sandbox/azure/roles.ts';

const registry =
  '/subscriptions/1/resourceGroups/shop/providers/Microsoft.ContainerRegistry/registries/contosoprod';
const pull = 'Microsoft.ContainerRegistry/registries/pull/read';
const push = 'Microsoft.ContainerRegistry/registries/push/write';

describe('role assignments', () => {
  const withRole = (...assigned: Parameters<AccessControl['assign']>): AccessControl => {
    const access = new AccessControl();
    access.assign(...assigned);
    return access;
  };

  it('allow what the role names, at their scope and below', () => {
    const access = withRole('someone', 'AcrPull', '/subscriptions/1/resourceGroups/shop');
    assert.equal(access.allows('someone', pull, registry), true);
    assert.equal(access.allows('someone', push, registry), false);
  });

  it('allow nothing to others, and nothing outside their scope', () => {
    const access = withRole('someone', 'AcrPush', registry);
    assert.equal(access.allows('another', pull, registry), false);
    assert.equal(access.allows('someone', pull, `${registry}2`), false);
    assert.equal(access.allows('someone', pull, '/subscriptions/1'), false);
  });

  it('take ids in any case, as Resource Manager does', () => {
    const access = withRole('someone', 'AcrPull', registry.toUpperCase());
    assert.equal(access.allows('someone', pull.toLowerCase(), registry), true);
  });

  it('of actions give no data action', () => {
    const access = withRole('someone', 'Contributor', registry);
    const read = 'Microsoft.ContainerRegistry/registries/repositories/content/read';
    assert.equal(access.allowsData('someone', read, registry), false);
    access.assign('someone', 'Container Registry Repository Reader', registry);
    assert.equal(access.allowsData('someone', read, registry), true);
  });

  it('are taken away one role at one scope at a time', () => {
    const access = withRole('someone', 'AcrPull', registry);
    access.assign('someone', 'AcrPush', registry);
    access.revoke('someone', 'AcrPush', registry);
    assert.equal(access.allows('someone', pull, registry), true);
    assert.equal(access.allows('someone', push, registry), false);
  });
});
