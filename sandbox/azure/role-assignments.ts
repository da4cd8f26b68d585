import { clusterId, registryId, subscriptions } from '../names.ts';
import type { Azure } from './interface.ts';

/** Least privilege: what each service principal needs for its stage, and nothing else. */
export function assignRoles(access: Azure['access']): void {
  const assign = access.assign.bind(access);
  const { nonprod, prod } = subscriptions;
  const importer = 'Container Registry Data Importer and Data Reader';
  const clusterUser = 'Azure Kubernetes Service Cluster User Role';
  assign('ci', 'AcrPush', registryId(nonprod));
  assign('staging', 'AcrPull', registryId(nonprod));
  assign('staging', clusterUser, clusterId(nonprod));
  assign('promotion', importer, registryId(nonprod));
  assign('promotion', importer, registryId(prod));
  assign('promotion', 'AcrPush', registryId(prod));
  assign('production', 'AcrPull', registryId(prod));
  assign('production', clusterUser, clusterId(prod));
}
