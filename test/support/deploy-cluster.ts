import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accessFromKubeconfig, accessFromServiceAccount } from '../../core/clients/kubernetes/access.ts';
import { createKubernetesClient, type KubernetesClient } from '../../core/clients/kubernetes/client.ts';
import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import type { DeployRequest, DeploySurroundings } from '../../core/operations/deploy/request.ts';
import { readManifest } from '../../core/render/manifest-objects.ts';
import { buildGo } from '../../sandbox/build/go.ts';
import { prepareGround, startCluster, type Cluster, type Ground } from '../../sandbox/cluster/index.ts';
import { kubectl } from './kubectl.ts';
import { startLocalRegistry, type LocalRegistry } from './local-registry.ts';
import { recordingLog, type RecordingLog } from './recording-log.ts';
import { pushTinyImage } from './tiny-image.ts';

/** One cluster for the tests of one file, with an image that plays any part (test/support/actor). */
export interface DeployCluster {
  readonly cluster: Cluster;
  readonly client: KubernetesClient;
  /** `registry.contoso.example/shop/actor@sha256:...` */
  readonly image: string;
  kubectl(args: readonly string[], input?: unknown): Promise<string>;
  /** A client that may do only what the role allows in the namespace; `rules` as in a Role. */
  clientWith(namespace: string, rules: readonly unknown[]): Promise<KubernetesClient>;
  stop(): Promise<void>;
}

const host = 'registry.contoso.example';

export async function startDeployCluster(nodes: 'auto' | 'real' = 'auto'): Promise<DeployCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'deploy-'));
  const ground: Ground = await prepareGround({ nodes, environment: {} });
  const registry: LocalRegistry = await startLocalRegistry(directory, ground.hostAddress);
  const program = await buildGo({ module: fileURLToPath(new URL('actor', import.meta.url)), goos: 'linux' });
  const image = `${host}/shop/actor@${await pushTinyImage(registry, 'shop/actor', program)}`;
  const cluster = await startCluster({
    name: 'deploy',
    ground,
    directory,
    registries: [{ host, ...registry }],
  });
  const access = accessFromKubeconfig(cluster.adminKubeconfig, { name: 'the test kubeconfig' });
  const clients = [createKubernetesClient(access)];
  const run = (args: readonly string[], input?: unknown): Promise<string> =>
    kubectl(cluster.kubeconfigPath, args, input);
  return {
    cluster,
    client: clients[0] as KubernetesClient,
    image,
    kubectl: run,
    async clientWith(namespace, rules) {
      const name = `limited-${clients.length}`;
      const metadata = { name, namespace };
      const items = [
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata,
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
          subjects: [{ kind: 'ServiceAccount', name, namespace }],
        },
      ];
      await run(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
      const token = (await run(['create', 'token', name, '-n', namespace])).trim();
      const limited = createKubernetesClient(
        accessFromServiceAccount({
          server: cluster.server,
          token,
          certificateAuthority: cluster.caPem,
          acceptUntrustedCertificates: false,
        }),
      );
      clients.push(limited);
      return limited;
    },
    async stop() {
      for (const client of clients) client.close();
      await cluster.stop();
      await registry.stop();
      await ground.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A deployment of YAML text to a namespace, with what most tests leave alone. */
export function deployRequest(
  yaml: string,
  namespace: string,
  options: Partial<DeployRequest> = {},
): DeployRequest {
  return {
    name: 'app',
    manifests: readManifest(yaml, 'app.yaml'),
    namespace,
    force: false,
    onFailure: 'rollback',
    prune: false,
    annotations: {},
    holder: 'this run',
    history: undefined,
    ...options,
  };
}

export function deploySurroundings(
  client: KubernetesClient,
  options: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
): DeploySurroundings & { readonly log: RecordingLog } {
  const deadline = deadlineIn(options.timeout ?? 40_000, 'the deployment', options.signal);
  return { client, log: recordingLog(), clock: systemClock, deadline };
}
