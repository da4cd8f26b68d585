import type { KubernetesClient } from '../../clients/kubernetes/client.ts';
import { DeliveryError, isDeliveryError } from '../../model/errors.ts';
import { fieldAt, objectsAt, textAt, type KubernetesObject } from '../../model/kubernetes-object.ts';
import type { Clock } from '../../model/ports.ts';
import { pullSecret, type RegistryLogin } from '../../model/pull-secret.ts';
import type { Probe } from './probe.ts';

export interface PullOptions {
  readonly client: () => KubernetesClient;
  readonly clock: Clock;
  readonly namespace: () => string;
  /** By digest. */
  readonly images: readonly string[];
  /** Pull secrets that the pods of the deployment name. */
  readonly pullSecrets: readonly string[];
  /** What the deployment would make a pull secret of. */
  readonly login: () => RegistryLogin | undefined;
  /** Unlike that of any other run: part of the pod's name. */
  readonly run: string;
  /** In milliseconds. */
  readonly patience: number;
  readonly needs: readonly string[];
}

/** A program that no image has: the image is pulled, and nothing of it runs. */
const noProgram = '/aks-delivery/preflight/pulls/and/runs/nothing';

/**
 * Whether nodes can pull the images: a pod that names them, with the service account and secrets of the deployment's pods,
 * is created, watched until each image has been pulled or refused, and deleted. No process of the images starts.
 */
export function pullProbe(options: PullOptions): Probe {
  return {
    name: 'Pull from the cluster',
    needs: options.needs,
    run: async (signal) => {
      const client = options.client();
      const name = `aks-delivery-preflight-${options.run}`;
      const login = options.login();
      const namespace = options.namespace();
      const secret = login === undefined ? undefined : pullSecret(name, namespace, login);
      const pod = podFor(name, namespace, options, secret);
      const made: KubernetesObject[] = [];
      try {
        for (const object of secret === undefined ? [pod] : [secret, pod]) {
          await create(client, object, signal);
          made.push(object);
        }
        return await watchPulls(client, pod, options, signal);
      } finally {
        await remove(client, made);
      }
    },
  };
}

async function create(
  client: KubernetesClient,
  object: KubernetesObject,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.create(object, { fieldManager: 'aks-delivery' }, signal);
  } catch (error) {
    if (!isDeliveryError(error) || error.code !== 'Forbidden') throw error;
    throw new DeliveryError('Forbidden', `a pod that tries the pull can not be created: ${error.message}`, {
      hint: 'Give the identity create, get and delete on pods (and secrets) in the namespace, or leave this check out with preflightPull: false.',
      cause: error,
    });
  }
}

/** Also when the run was cancelled: hence without its signal. */
async function remove(client: KubernetesClient, made: readonly KubernetesObject[]): Promise<void> {
  for (const { apiVersion, kind, metadata } of made.toReversed()) {
    const { name = '', namespace } = metadata;
    const reference = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
    await client.delete(reference, { propagation: 'Background' }, AbortSignal.timeout(5000));
  }
}

function podFor(
  name: string,
  namespace: string,
  { images, pullSecrets }: PullOptions,
  secret: KubernetesObject | undefined,
): KubernetesObject {
  const secrets = [...pullSecrets, ...(secret === undefined ? [] : [name])];
  const small = { cpu: '10m', memory: '16Mi' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'aks-delivery' } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      ...(secrets.length === 0 ? {} : { imagePullSecrets: secrets.map((each) => ({ name: each })) }),
      // What the "restricted" pod security standard asks for, so that no policy stands in the way.
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: images.map((image, index) => ({
        name: `image-${index}`,
        image,
        // The registry is asked even where a node has the image: it may have it by somebody else's right.
        imagePullPolicy: 'Always',
        command: [noProgram],
        resources: { requests: small, limits: small },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      })),
    },
  };
}

async function watchPulls(
  client: KubernetesClient,
  { metadata }: KubernetesObject,
  options: PullOptions,
  signal: AbortSignal,
): Promise<string> {
  const { name = '', namespace = '' } = metadata;
  const end = options.clock.now() + options.patience;
  for (;;) {
    const pod = await client.get({ apiVersion: 'v1', kind: 'Pod', name, namespace }, signal);
    const pulls = options.images.map((image, index) => pullOf(pod, image, `image-${index}`));
    const refused = pulls.filter(({ state }) => state === 'refused');
    if (refused.length > 0 && pulls.every(({ state }) => state !== 'waiting')) throw refusal(refused);
    if (pulls.every(({ state }) => state === 'pulled')) return `${pulls.length} images pulled by a node`;
    if (options.clock.now() >= end) {
      if (refused.length > 0) throw refusal(refused);
      throw new DeliveryError('DeadlineExceeded', `no node pulled the images in time: ${whyWaiting(pod)}`, {
        hint: 'Look at the nodes of the cluster: are there any that take pods, and have they room?',
      });
    }
    await options.clock.sleep(1000, signal);
  }
}

interface Pull {
  readonly image: string;
  readonly state: 'waiting' | 'pulled' | 'refused';
  readonly said: string;
}

function pullOf(pod: KubernetesObject | undefined, image: string, container: string): Pull {
  const status = objectsAt(pod, 'status', 'containerStatuses').find((each) => each['name'] === container);
  const waiting = textAt(status, 'state', 'waiting', 'reason') ?? '';
  const said = textAt(status, 'state', 'waiting', 'message') ?? waiting;
  if (
    /^(?:ErrImagePull|ImagePullBackOff|InvalidImageName|ImageInspectError|RegistryUnavailable)$/.test(waiting)
  ) {
    return { image, state: 'refused', said };
  }
  // The image's id is there from the pull on; the program that is not in it fails only after.
  const isPulled = (textAt(status, 'imageID') ?? '') !== '' || isObjectAt(status, 'terminated', 'running');
  const isPast = /^(?:RunContainerError|CreateContainerError|CreateContainerConfigError|CrashLoopBackOff)$/;
  return { image, state: isPulled || isPast.test(waiting) ? 'pulled' : 'waiting', said };
}

function isObjectAt(status: unknown, ...states: readonly string[]): boolean {
  return states.some((state) => typeof fieldAt(status, 'state', state) === 'object');
}

function refusal(refused: readonly Pull[]): DeliveryError {
  const list = refused.map(({ image, said }) => `${image}: ${said}`).join('; ');
  const isUnauthorized = /unauthorized|401|403|denied|authentication required/i.test(list);
  return new DeliveryError(
    isUnauthorized ? 'Unauthenticated' : 'ImageNotFound',
    `the nodes can not pull ${list}`,
    {
      hint: isUnauthorized
        ? 'Let the cluster pull: az aks update --name CLUSTER --resource-group GROUP --attach-acr REGISTRY. Or give containerRegistry, and the task keeps a pull secret.'
        : 'Check that the image is in this registry, and that the nodes reach it: DNS, firewall, private endpoint.',
    },
  );
}

function whyWaiting(pod: KubernetesObject | undefined): string {
  const scheduled = objectsAt(pod, 'status', 'conditions').find((each) => each['type'] === 'PodScheduled');
  return textAt(scheduled, 'message') ?? 'the pod is still being started';
}
