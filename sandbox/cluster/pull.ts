import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxError } from '../errors.ts';
import { describe } from './api.ts';
import type { Cluster } from './cluster.ts';
import { apiOf } from './kubeconfig.ts';

/**
 * Finds out whether the cluster's nodes can pull an image, by running a pod of it: what it does then is of no matter. Fails
 * with `ClusterUnusable` and the kubelet's own words. The pod is removed again.
 */
export async function checkPull(
  cluster: Cluster,
  request: {
    readonly image: string;
    readonly namespace: string;
    /** Name of an image pull secret in that namespace. */
    readonly pullSecret?: string;
    readonly milliseconds?: number;
  },
): Promise<void> {
  const api = await apiOf(cluster.adminKubeconfig);
  const pods = `/api/v1/namespaces/${request.namespace}/pods`;
  const created = await api.ask('POST', pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'aks-delivery-can-pull-' },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'image',
          image: request.image,
          imagePullPolicy: 'Always',
          // The restricted pod security standard: a namespace may enforce it.
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
      ...(request.pullSecret !== undefined && { imagePullSecrets: [{ name: request.pullSecret }] }),
    },
  });
  if (created.status !== 201) {
    throw new SandboxError('ClusterUnusable', `cluster ${cluster.name} refused a pod: ${describe(created)}`);
  }
  const path = `${pods}/${(created.body as Pod).metadata.name}`;
  const deadline = Date.now() + (request.milliseconds ?? 60_000);
  try {
    for (;;) {
      const verdict = pulled((await api.ask('GET', path)).body as Pod);
      if (verdict === true) return;
      if (verdict !== undefined || Date.now() > deadline) {
        throw new SandboxError(
          'ClusterUnusable',
          `the nodes of ${cluster.name} can't pull ${request.image}: ${verdict ?? 'nothing happened in time'}`,
          {
            hint: 'Nodes of your own must reach the registries and trust their certificates: docs/sandbox.md.',
          },
        );
      }
      await sleep(200);
    }
  } finally {
    await api.ask('DELETE', `${path}?gracePeriodSeconds=0`);
  }
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly containerStatuses?: readonly {
      readonly imageID?: string;
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

/** True, why not, or not known yet. */
function pulled(pod: Pod): true | string | undefined {
  const status = pod.status?.containerStatuses?.[0];
  if (status === undefined) return undefined;
  const { reason = '', message = '' } = status.state?.waiting ?? {};
  if (/^(ErrImagePull|ImagePullBackOff|InvalidImageName)$/.test(reason)) return `${reason}: ${message}`;
  return status.imageID ? true : undefined;
}
