import assert from 'node:assert/strict';
import { chooseMethod, type AzureRegistry, type MethodFacts } from '../../../core/model/promotion-method.ts';

const registry = (name: string, isAbac = false): AzureRegistry => ({
  id: name,
  subscriptionId: 's',
  resourceGroup: 'g',
  name,
  loginServer: `${name}.azurecr.io`,
  isAbac,
});

const facts: MethodFacts = {
  mode: 'auto',
  sources: ['nonprod.azurecr.io'],
  target: 'prod.azurecr.io',
  hasImporter: true,
  sourceRegistry: registry('nonprod'),
  targetRegistry: registry('prod'),
};

describe('between import and copy, auto', () => {
  it('imports when both registries are seen', () => {
    assert.equal(chooseMethod(facts).method, 'import');
  });

  const copies: readonly [string, Partial<MethodFacts>, RegExp][] = [
    ['the source is not in Azure', { sources: ['ghcr.io'] }, /ghcr\.io is not a registry of Azure's/],
    ['the target is not in Azure', { target: 'registry.example.com' }, /registry\.example\.com is not/],
    ['the clouds differ', { sources: ['nonprod.azurecr.cn'] }, /different clouds/],
    ['there is no identity', { hasImporter: false }, /no Azure identity/],
    ['the target is not shown', { targetRegistry: undefined }, /does not show prod/],
    ['the source is not shown', { sourceRegistry: undefined }, /does not show nonprod/],
    ['the target has permissions by repository', { targetRegistry: registry('prod', true) }, /ABAC/],
    ['the images come from several registries', { sources: ['a.azurecr.io', 'b.azurecr.io'] }, /several/],
    ['it is one registry', { sources: ['prod.azurecr.io'] }, /one registry/],
  ];
  for (const [name, change, why] of copies) {
    it(`copies when ${name}, and import then is refused`, () => {
      const choice = chooseMethod({ ...facts, ...change });
      assert.equal(choice.method, 'copy');
      assert.match(choice.why, why);
      assert.ok(!choice.isRefused);
      assert.ok(chooseMethod({ ...facts, ...change, mode: 'import' }).isRefused);
    });
  }

  it('is not asked when copy is wanted', () => {
    assert.equal(chooseMethod({ ...facts, mode: 'copy' }).method, 'copy');
  });
});
