import assert from 'node:assert/strict';
import { digestOf } from '../../../../core/model/digest.ts';
import type { KubernetesObject } from '../../../../core/model/kubernetes-object.ts';
import { runningImages } from '../../../../core/operations/resolve/running-images.ts';

const [one, two] = [digestOf('one'), digestOf('two')];

interface PodMore {
  readonly phase?: string;
  readonly owner?: string;
  readonly deleted?: boolean;
  readonly sidecar?: string;
}

function pod(app: string, image: string, more: PodMore = {}): KubernetesObject {
  const containers = [
    { name: 'main', imageID: image },
    ...(more.sidecar === undefined ? [] : [{ name: 'sidecar', imageID: more.sidecar }]),
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${app}-1`,
      labels: { app },
      ownerReferences: [{ kind: more.owner ?? 'ReplicaSet' }],
      ...(more.deleted === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    status: { phase: more.phase ?? 'Running', containerStatuses: containers },
  } as unknown as KubernetesObject;
}

const host = 'contoso.azurecr.io';

describe('what runs in a namespace', () => {
  it('is named by component, each digest once', () => {
    const pods = [
      pod('web', `${host}/shop/web@${one}`),
      pod('web', `${host}/shop/web@${one}`),
      pod('api', `docker-pullable://${host}/shop/api@${two}`),
    ];
    assert.deepEqual(
      runningImages(pods, host).map(({ name, text }) => [name, text]),
      [
        ['web', `${host}/shop/web@${one}`],
        ['api', `${host}/shop/api@${two}`],
      ],
    );
  });

  it('leaves out jobs, pods that end, pods that do not run, and other registries', () => {
    const pods = [
      pod('web', `${host}/shop/web@${one}`),
      pod('check', `${host}/shop/check@${two}`, { owner: 'Job' }),
      pod('old', `${host}/shop/old@${two}`, { deleted: true }),
      pod('new', `${host}/shop/new@${two}`, { phase: 'Pending' }),
      pod('proxy', `mcr.microsoft.com/proxy@${two}`),
    ];
    assert.deepEqual(
      runningImages(pods, host).map(({ name }) => name),
      ['web'],
    );
  });

  it('names containers where a pod has several', () => {
    const pods = [pod('web', `${host}/shop/web@${one}`, { sidecar: `${host}/shop/log@${two}` })];
    assert.deepEqual(
      runningImages(pods, host).map(({ name }) => name),
      ['main', 'sidecar'],
    );
  });

  it('is refused while a rollout is under way', () => {
    const pods = [pod('web', `${host}/shop/web@${one}`), pod('web', `${host}/shop/web@${two}`)];
    assert.throws(() => runningImages(pods, host), { code: 'TagConflict' });
  });

  it('is refused when there is nothing of the registry', () => {
    assert.throws(() => runningImages([pod('proxy', `mcr.microsoft.com/proxy@${two}`)], host), {
      code: 'ImageNotFound',
    });
  });
});
