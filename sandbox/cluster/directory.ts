import { mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../errors.ts';
import { privateDirectories } from './real-node.ts';

/** Where a cluster keeps its files: `data` goes when it stops, `logs` stay. */
export interface ClusterDirectory {
  readonly data: string;
  readonly logs: string;
  writeKubeconfig(text: string): Promise<string>;
  /** Removes all but the logs. */
  clear(): Promise<void>;
}

/** Makes the directory anew: what an earlier cluster of this name left is removed. */
export async function createClusterDirectory(world: string, cluster: string): Promise<ClusterDirectory> {
  const directory = join(world, cluster);
  const data = join(directory, 'data');
  const logs = join(directory, 'logs');
  const kubeconfig = join(directory, 'kubeconfig');
  await rm(directory, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  await mkdir(logs);
  const real = await realpath(data);
  const hidden = privateDirectories.find((path) => real.startsWith(`${path}/`));
  if (hidden !== undefined) {
    throw new SandboxError(
      'DirectoryUnusable',
      `${data} is below ${hidden}, which real nodes have their own of`,
      {
        hint: 'Choose another directory for the local world.',
      },
    );
  }
  return {
    data,
    logs,
    async writeKubeconfig(text) {
      await writeFile(kubeconfig, text, { mode: 0o600 });
      return kubeconfig;
    },
    async clear() {
      await rm(data, { recursive: true, force: true });
      await rm(kubeconfig, { force: true });
    },
  };
}
