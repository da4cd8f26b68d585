import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { delimiter } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { messageOf } from '../../core/model/errors.ts';
import { SandboxError } from '../errors.ts';
import { Api } from './api.ts';

/** A cluster as a kubeconfig knows it, by itself: nothing in it points at another file. */
export interface KnownCluster {
  readonly context: string;
  readonly server: string;
  /** Empty if the server's certificate is to be trusted as the machine trusts any. */
  readonly caPem: string;
  readonly kubeconfig: string;
}

/** Reads the files KUBECONFIG lists, merged as kubectl does, and takes out one context. Fails with `ClusterUnusable`. */
export function readContext(paths: string, contexts: readonly string[], variable: string): KnownCluster {
  const config = readFiles(paths);
  const names = config.getContexts().map(({ name }) => name);
  const context = contexts.find((name) => names.includes(name));
  if (context === undefined) {
    const wanted = contexts.join(' or ');
    throw new SandboxError('ClusterUnusable', `KUBECONFIG (${paths}) has no context ${wanted}`, {
      hint: `Name one in ${variable}; there is ${names.length === 0 ? 'none' : names.join(', ')}.`,
    });
  }
  config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null) {
    throw new SandboxError(
      'ClusterUnusable',
      `context ${context} names a cluster or a user that ${paths} lacks`,
    );
  }
  const caData = cluster.caData ?? dataOf(cluster.caFile);
  const certData = user.certData ?? dataOf(user.certFile);
  const keyData = user.keyData ?? dataOf(user.keyFile);
  const alone = new KubeConfig();
  alone.loadFromOptions({
    clusters: [without({ ...cluster, ...(caData !== undefined && { caData }) }, 'caFile')],
    users: [
      without(
        { ...user, ...(certData !== undefined && { certData }), ...(keyData !== undefined && { keyData }) },
        'certFile',
        'keyFile',
      ),
    ],
    contexts: config.getContexts().filter(({ name }) => name === context),
    currentContext: context,
  });
  return {
    context,
    server: cluster.server,
    caPem: caData === undefined ? '' : Buffer.from(caData, 'base64').toString('utf8'),
    kubeconfig: alone.exportConfig(),
  };
}

/** The API server of a kubeconfig's current context, with its credential, plugins (kubelogin) included. */
export async function apiOf(kubeconfig: string): Promise<Api> {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new SandboxError(
      'ClusterUnusable',
      `context ${config.getCurrentContext()} gives no credential: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return new Api(config.getCurrentCluster()?.server ?? '', options);
}

function readFiles(paths: string): KubeConfig {
  const merged = new KubeConfig();
  try {
    for (const path of paths.split(delimiter).filter((part) => part !== '')) {
      const config = new KubeConfig();
      config.loadFromFile(path);
      merged.mergeConfig(config);
    }
  } catch (error) {
    throw new SandboxError('ClusterUnusable', `KUBECONFIG (${paths}) can't be read: ${messageOf(error)}`, {
      hint: 'Correct it, or unset it to have clusters built here.',
      cause: error,
    });
  }
  return merged;
}

function dataOf(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFileSync(file).toString('base64');
}

function without<Value extends object, Key extends keyof Value>(
  value: Value,
  ...keys: Key[]
): Omit<Value, Key> {
  const rest: Partial<Value> = { ...value };
  for (const key of keys) Reflect.deleteProperty(rest, key);
  return rest as Omit<Value, Key>;
}
