import { cloudOfRegistry } from '../../model/azure-cloud.ts';
import { DeliveryError, messageOf } from '../../model/errors.ts';
import { chooseMethod, type AzureRegistry, type MethodChoice } from '../../model/promotion-method.ts';
import type { ImportPlace } from './import.ts';
import type { PromotionRequest, PromotionTools } from './request.ts';

/** How the images will travel, and what that takes. */
export interface Method extends MethodChoice {
  /** Present for an import. */
  readonly place: ImportPlace | undefined;
}

/**
 * Chooses between import and copy by what Resource Manager shows of the registries.
 * @throws DeliveryError `ConnectionUnsupported` when import was asked for and cannot be
 */
export async function decideMethod(request: PromotionRequest, tools: PromotionTools): Promise<Method> {
  const { mode, items } = request;
  const sources = [...new Set(items.map(({ from }) => from.registry))];
  const targets = [...new Set(items.map(({ to }) => to.registry))];
  const isSimple = sources.length === 1 && targets.length === 1;
  const [source = '', target = ''] = [sources[0], targets[0]];
  const { importer } = tools;
  const mayAsk =
    mode !== 'copy' &&
    isSimple &&
    source !== target &&
    [source, target].every((host) => cloudOfRegistry(host));
  const sourceRegistry = mayAsk ? await look(source, request, tools) : undefined;
  const targetRegistry = mayAsk ? await look(target, request, tools) : undefined;
  const choice = chooseMethod({
    mode,
    sources,
    target,
    hasImporter: importer !== undefined,
    sourceRegistry,
    targetRegistry,
  });
  if (choice.isRefused) {
    throw new DeliveryError('ConnectionUnsupported', `mode is import, but ${choice.why}`, {
      hint: 'Set mode to copy, or to auto to import only where that is possible.',
    });
  }
  if (choice.method === 'copy' || importer === undefined) return { ...choice, place: undefined };
  if (sourceRegistry === undefined || targetRegistry === undefined)
    throw new Error('an import knows both ends');
  return { ...choice, place: { importer, source: sourceRegistry, target: targetRegistry } };
}

/** In auto mode, a Resource Manager that does not answer is a reason to copy, not to fail. */
async function look(
  host: string,
  { mode }: PromotionRequest,
  { importer, log, signal }: PromotionTools,
): Promise<AzureRegistry | undefined> {
  try {
    return await importer?.find(host, signal);
  } catch (error) {
    if (mode === 'import' || signal.aborted) throw error;
    log.line(`Resource Manager cannot be asked about ${host}: ${messageOf(error)}`);
    return undefined;
  }
}
