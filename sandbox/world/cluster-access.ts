import { parse } from 'yaml';
import { Agent } from 'node:https';
import { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/index.ts';

interface Kubeconfig {
  readonly 'current-context': string;
  readonly contexts: readonly { readonly name: string; readonly context: { readonly user: string } }[];
  readonly users: readonly {
    readonly name: string;
    readonly user: Readonly<Record<string, string | undefined>>;
  }[];
}

/** The cluster's API as its administrator: what a platform team has and no pipeline gets. */
export function administer(cluster: Cluster): Api {
  const config = parse(cluster.adminKubeconfig) as Kubeconfig;
  const context = config.contexts.find(({ name }) => name === config['current-context']);
  const user = config.users.find(({ name }) => name === context?.context.user)?.user ?? {};
  const token = user['token'];
  return new Api(cluster.server, {
    agent: new Agent({
      keepAlive: true,
      ca: cluster.caPem,
      ...certificate(user),
    }),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
}

function certificate(user: Readonly<Record<string, string | undefined>>): { cert?: string; key?: string } {
  const cert = user['client-certificate-data'];
  const key = user['client-key-data'];
  if (cert === undefined || key === undefined) return {};
  return { cert: Buffer.from(cert, 'base64').toString(), key: Buffer.from(key, 'base64').toString() };
}
