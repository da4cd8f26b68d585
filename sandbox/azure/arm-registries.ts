import { location } from '../names.ts';
import { importImage, type ImportPlan } from './acr-import.ts';
import type { AcrRegistry } from './acr-registry.ts';
import type { AcrTokens } from './acr-token.ts';
import type { ArmCaller } from './arm-caller.ts';
import { armErrors } from './arm-errors.ts';
import type { Operations } from './arm-operations.ts';
import type { Exchange } from './exchange.ts';

const type = 'Microsoft.ContainerRegistry/registries';

/** A registry as Resource Manager describes it. */
export function registryResource(registry: AcrRegistry): unknown {
  const { settings } = registry;
  const isPremium = settings.sku === 'Premium';
  return {
    type,
    id: registry.id,
    name: registry.name,
    location,
    tags: {},
    sku: { name: settings.sku, tier: settings.sku },
    properties: {
      loginServer: registry.loginServer,
      creationDate: registry.created.toISOString(),
      provisioningState: 'Succeeded',
      adminUserEnabled: settings.adminUserEnabled,
      anonymousPullEnabled: settings.anonymousPull,
      dataEndpointEnabled: isPremium,
      dataEndpointHostNames: isPremium ? [registry.dataHost] : [],
      networkRuleBypassOptions: 'AzureServices',
      publicNetworkAccess: settings.publicNetworkAccess,
      roleAssignmentMode: settings.roleAssignmentMode,
      zoneRedundancy: 'Disabled',
    },
  };
}

interface ImportBody {
  readonly source?: {
    readonly resourceId?: string;
    readonly registryUri?: string;
    readonly sourceImage?: string;
    readonly credentials?: { readonly username?: string; readonly password?: string };
  };
  readonly targetTags?: readonly string[];
  readonly untaggedTargetRepositories?: readonly string[];
  readonly mode?: string;
}

export interface ImportOptions {
  readonly registries: readonly AcrRegistry[];
  readonly tokens: AcrTokens;
  readonly operations: Operations;
}

/** `registries/{name}/importImage`: checks what the service checks at once, then moves the image in the background. */
export async function startImport(
  exchange: Exchange,
  caller: ArmCaller,
  target: AcrRegistry,
  options: ImportOptions,
): Promise<void> {
  caller.require(`${type}/importImage/action`, target.id);
  const body = ((await exchange.jsonBody()) ?? {}) as ImportBody;
  const sourceImage = body.source?.sourceImage;
  if (sourceImage === undefined || sourceImage === '')
    throw armErrors.invalid('The source image is required.');
  const source = await sourceOf(body, caller, target, options);
  const { repository, reference } = parseImage(sourceImage);
  const untagged = body.untaggedTargetRepositories ?? [];
  const targets = body.targetTags ?? (untagged.length > 0 ? [] : [sourceImage.replace(/@.*/, '')]);
  const plan: ImportPlan = {
    source,
    repository,
    reference,
    target,
    tags: targets.map(parseTag),
    untagged,
    force: body.mode === 'Force',
  };
  await options.operations.start(exchange, target.subscription.id, () => importImage(plan));
}

async function sourceOf(
  { source = {} }: ImportBody,
  caller: ArmCaller,
  target: AcrRegistry,
  { registries, tokens }: ImportOptions,
): Promise<AcrRegistry> {
  const { resourceId, registryUri, credentials } = source;
  if (resourceId !== undefined && registryUri !== undefined) {
    throw armErrors.invalid('Only one of resourceId and registryUri may be given for the source.');
  }
  if (resourceId !== undefined) {
    const found = registries.find(({ id }) => id.toLowerCase() === resourceId.toLowerCase());
    const { clientId, objectId } = caller.identity;
    if (found === undefined || !caller.can(`${type}/read`, resourceId)) {
      throw armErrors.linkedForbidden(
        clientId,
        objectId,
        `${type}/importImage/action`,
        target.id,
        resourceId,
      );
    }
    // The importer's role knows nothing of repository permissions: it does not open a registry in ABAC mode.
    const isAbac = found.settings.roleAssignmentMode === 'AbacRepositoryPermissions';
    const mayPull = isAbac ? caller.canReadContent(resourceId) : caller.can(`${type}/pull/read`, resourceId);
    if (!mayPull) throw armErrors.forbidden(clientId, objectId, `${type}/pull/read`, resourceId);
    return found;
  }
  const found = registries.find(({ loginServer }) => loginServer === registryUri?.toLowerCase());
  if (found === undefined) {
    throw armErrors.invalid(
      `The source registry '${registryUri ?? ''}' cannot be reached: no such host is known.`,
    );
  }
  if (found.settings.publicNetworkAccess === 'Disabled') {
    throw armErrors.invalid(
      `Error copying blobs: client with IP '20.50.2.71' is not allowed access to ${found.loginServer}. Refer https://aka.ms/acr/firewall to grant access.`,
    );
  }
  // The login server alone never uses the caller's own identity: without credentials the pull is anonymous.
  const who =
    credentials?.password === undefined
      ? ({ kind: 'anonymous' } as const)
      : await tokens.callerOfPassword(credentials.username ?? '', credentials.password, found);
  const { repository } = parseImage(source.sourceImage ?? '');
  const wanted = { type: 'repository', name: repository, actions: ['pull'] };
  if (who === undefined || tokens.grant(who, found, wanted).actions.length === 0) {
    throw armErrors.invalid(
      `Error: unauthorized: authentication required for the source registry '${found.loginServer}'.`,
    );
  }
  return found;
}

function parseImage(image: string): { repository: string; reference: string } {
  const at = image.indexOf('@');
  if (at >= 0) return { repository: image.slice(0, at), reference: image.slice(at + 1) };
  const { repository, tag } = parseTag(image);
  return { repository, reference: tag };
}

/** A repository without a tag means `latest`. */
function parseTag(image: string): { repository: string; tag: string } {
  const colon = image.lastIndexOf(':');
  if (colon < 0 || image.includes('/', colon)) return { repository: image, tag: 'latest' };
  return { repository: image.slice(0, colon), tag: image.slice(colon + 1) };
}
