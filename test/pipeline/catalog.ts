import type { Catalog } from '../../sandbox/pipeline/catalog.ts';
import type { KnownInput } from '../../sandbox/pipeline/pipeline.ts';

const input = (name: string, type: string, required: boolean): KnownInput => ({
  name,
  aliases: name === 'azureSubscription' ? ['azureSubscriptionConnection'] : [],
  type,
  required,
  hasDefault: false,
  conditional: false,
});

/** One task with one input of each kind, and one service connection. */
export const catalog: Catalog = {
  task: (name, major) =>
    name === 'AksDeploy' && major === 1
      ? {
          name,
          major,
          directory: '/tasks/aks-deploy',
          inputs: [
            input('manifests', 'multiLine', true),
            input('azureSubscription', 'connectedService:AzureRM', false),
            input('timeout', 'string', false),
          ],
        }
      : undefined,
  taskNames: ['AksDeploy@1'],
  connections: new Set(['shop-staging']),
};
