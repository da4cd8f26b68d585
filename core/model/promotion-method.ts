import { cloudOfRegistry } from './azure-cloud.ts';

/** A registry of Azure's as Resource Manager describes it. */
export interface AzureRegistry {
  /** The ARM resource id. */
  readonly id: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  readonly loginServer: string;
  /** Its permissions are by repository ("RBAC Registry + ABAC Repository Permissions"). */
  readonly isAbac: boolean;
}

export type PromotionMode = 'auto' | 'import' | 'copy';

/** What the choice between import and copy rests on. */
export interface MethodFacts {
  readonly mode: PromotionMode;
  /** Hosts. */
  readonly sources: readonly string[];
  readonly target: string;
  /** Whether there is an Azure identity that Resource Manager can be asked as. */
  readonly hasImporter: boolean;
  /** Undefined when the identity does not see it. */
  readonly sourceRegistry: AzureRegistry | undefined;
  readonly targetRegistry: AzureRegistry | undefined;
}

export interface MethodChoice {
  readonly method: 'copy' | 'import';
  /** In one line. */
  readonly why: string;
  /** True when import was asked for and cannot be: `why` says what is in the way. */
  readonly isRefused: boolean;
}

/** Import where the service can do it, copy everywhere else. */
export function chooseMethod(facts: MethodFacts): MethodChoice {
  if (facts.mode === 'copy') return { method: 'copy', why: 'as asked for', isRefused: false };
  const obstacle = obstacleOf(facts);
  if (obstacle !== undefined) return { method: 'copy', why: obstacle, isRefused: facts.mode === 'import' };
  const why = "both registries are Azure's and the identity sees both, so the service moves the bytes";
  return { method: 'import', why, isRefused: false };
}

function obstacleOf(facts: MethodFacts): string | undefined {
  const { target, sourceRegistry, targetRegistry } = facts;
  const [source = '', ...others] = facts.sources;
  if (others.length > 0) return 'the images come from several registries';
  for (const host of [source, target]) {
    if (cloudOfRegistry(host) === undefined) return `${host} is not a registry of Azure's`;
  }
  if (source === target) return 'source and target are one registry, whose blobs are mounted';
  if (cloudOfRegistry(source) !== cloudOfRegistry(target)) return 'the registries are in different clouds';
  if (!facts.hasImporter) return "the target's connection has no Azure identity that could import";
  if (targetRegistry === undefined) return `Resource Manager does not show ${target} to the identity`;
  if (sourceRegistry === undefined) {
    return `Resource Manager does not show ${source} to the identity (another tenant, or a role is missing)`;
  }
  for (const registry of [sourceRegistry, targetRegistry]) {
    if (registry.isAbac) {
      return `${registry.loginServer} has permissions by repository (ABAC), which import does not honour`;
    }
  }
  return undefined;
}
