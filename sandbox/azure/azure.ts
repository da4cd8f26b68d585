import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { components } from '../build/components.ts';
import type { Azure, AzureOptions } from './interface.ts';
import { createKeys, LocalAzure } from './local-azure.ts';

export type { Azure, AzureOptions, Exposure } from './interface.ts';

/** Starts the local Azure; in about a second once the registry is built. */
export async function startAzure(options: AzureOptions): Promise<Azure> {
  const directory = join(options.directory, 'azure');
  await mkdir(directory, { recursive: true });
  const caPath = join(directory, 'ca.pem');
  await writeFile(caPath, options.authority.certificatePem);
  const binary = options.registryBinary ?? (await components(['registry'], options.progress)).registry;
  options.progress?.('starting the local Azure: Entra, Resource Manager, Azure DevOps and two registries');
  const azure = new LocalAzure(options, caPath, directory, await createKeys());
  try {
    await azure.start(binary);
  } catch (error) {
    await azure.stop();
    throw error;
  }
  return azure;
}
