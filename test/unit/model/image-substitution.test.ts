import assert from 'node:assert/strict';
import { isDeliveryError, type ErrorCode } from '../../../core/model/errors.ts';
import { parseDigest } from '../../../core/model/digest.ts';
import {
  parseImageField,
  substituteImages,
  type SubstitutionOptions,
  type WantedImage,
} from '../../../core/model/image-substitution.ts';
import type { JsonObject } from '../../../core/model/json.ts';
import { fieldAt, type KubernetesObject } from '../../../core/model/kubernetes-object.ts';
import { digestReference } from '../../../core/model/reference.ts';

const digest = parseDigest(`sha256:${'1'.repeat(64)}`);
const other = `sha256:${'2'.repeat(64)}`;
const web: WantedImage = {
  name: 'web',
  reference: digestReference({ registry: 'contosoprod.azurecr.io', path: 'shop/web' }, digest),
  paths: ['shop/web'],
};
const target = `contosoprod.azurecr.io/shop/web@${digest}`;

const podSpec = (...images: readonly string[]): JsonObject => ({
  containers: images.map((image, index) => ({ name: `c${index}`, image })),
});
const workload = (kind: string, spec: JsonObject, apiVersion = 'apps/v1'): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x' },
  spec,
});
const deployment = (spec: JsonObject): KubernetesObject => workload('Deployment', { template: { spec } });

function substitute(
  object: KubernetesObject,
  wanted: readonly WantedImage[] = [web],
  options?: SubstitutionOptions,
) {
  return substituteImages([{ object, origin: 'k8s/x.yaml:1' }], wanted, options);
}

function refused(code: ErrorCode, run: () => unknown, message: RegExp): void {
  assert.throws(
    run,
    (error) =>
      isDeliveryError(error) && error.code === code && message.test(error.message) && error.hint !== '',
  );
}

describe('substituteImages', () => {
  const replaced = [
    'shop/web',
    'shop/web:1.2.0',
    ' shop/web:1.2.0',
    'contosononprod.azurecr.io/shop/web:1.2.0',
    `contosononprod.azurecr.io/shop/web@${other}`,
    `contosoprod.azurecr.io/shop/web:1@${other}`,
    'localhost:5000/shop/web',
    'registry.local:5000/shop/web:9',
    'docker.io/shop/web',
  ];
  for (const image of replaced) {
    it(`replaces "${image}", whatever its registry, tag or digest`, () => {
      const { manifests, replacements } = substitute(deployment(podSpec(image)));
      assert.equal(
        fieldAt(manifests[0]?.object, 'spec', 'template', 'spec', 'containers', 0, 'image'),
        target,
      );
      assert.deepEqual(replacements, [
        {
          image: 'web',
          object: 'Deployment x',
          field: 'spec.template.spec.containers[0].image',
          from: image,
          to: target,
        },
      ]);
    });
  }

  const kept = [
    `contosoprod.azurecr.io/shop/web-admin@${other}`,
    `contosoprod.azurecr.io/shop/web/cache@${other}`,
    `contosoprod.azurecr.io/other/shop/web@${other}`,
    `localhost:5000/sidecar@${other}`,
    `web@${other}`,
  ];
  for (const image of kept) {
    it(`leaves ${image.replace(other, '...')} alone`, () => {
      const { manifests } = substitute(deployment(podSpec('shop/web', image)));
      assert.equal(
        fieldAt(manifests[0]?.object, 'spec', 'template', 'spec', 'containers', 1, 'image'),
        image,
      );
    });
  }

  it('takes an image without a slash for a placeholder of that very path', () => {
    const wanted = { ...web, paths: ['web'] };
    const { manifests } = substitute(deployment(podSpec('web:dev')), [wanted]);
    assert.equal(fieldAt(manifests[0]?.object, 'spec', 'template', 'spec', 'containers', 0, 'image'), target);
  });

  const kinds: readonly (readonly [string, KubernetesObject, readonly string[]])[] = [
    ['a Pod', workload('Pod', podSpec('shop/web'), 'v1'), ['spec']],
    [
      'a StatefulSet',
      workload('StatefulSet', { template: { spec: podSpec('shop/web') } }),
      ['spec', 'template', 'spec'],
    ],
    [
      'a DaemonSet',
      workload('DaemonSet', { template: { spec: podSpec('shop/web') } }),
      ['spec', 'template', 'spec'],
    ],
    [
      'a Job with generateName',
      {
        ...workload('Job', { template: { spec: podSpec('shop/web') } }, 'batch/v1'),
        metadata: { generateName: 'm-' },
      },
      ['spec', 'template', 'spec'],
    ],
    [
      'a CronJob',
      workload('CronJob', { jobTemplate: { spec: { template: { spec: podSpec('shop/web') } } } }, 'batch/v1'),
      ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
    ],
    [
      'an Argo Rollout',
      workload('Rollout', { template: { spec: podSpec('shop/web') } }, 'argoproj.io/v1alpha1'),
      ['spec', 'template', 'spec'],
    ],
    [
      'a ScaledJob',
      workload(
        'ScaledJob',
        { jobTargetRef: { template: { spec: podSpec('shop/web') } } },
        'keda.sh/v1alpha1',
      ),
      ['spec', 'jobTargetRef', 'template', 'spec'],
    ],
  ];
  for (const [what, object, path] of kinds) {
    it(`reaches into ${what}`, () => {
      const { manifests } = substitute(object);
      assert.equal(fieldAt(manifests[0]?.object, ...path, 'containers', 0, 'image'), target);
    });
  }

  it('replaces init and ephemeral containers and image volumes', () => {
    const spec = {
      initContainers: [{ name: 'i', image: 'shop/web:1' }],
      containers: [{ name: 'c', image: 'shop/web:1' }],
      ephemeralContainers: [{ name: 'e', image: 'shop/web:1' }],
      volumes: [
        { name: 'v', image: { reference: 'shop/web:1' } },
        { name: 'w', emptyDir: {} },
      ],
    };
    assert.deepEqual(
      substitute(deployment(spec)).replacements.map(({ field }) => field.replace('spec.template.spec.', '')),
      [
        'initContainers[0].image',
        'containers[0].image',
        'ephemeralContainers[0].image',
        'volumes[0].image.reference',
      ],
    );
  });

  it('leaves a container without an image as it is', () => {
    const object = deployment({ containers: [{ name: 'partial' }, { name: 'c', image: 'shop/web' }] });
    const { manifests } = substitute(object);
    assert.deepEqual(fieldAt(manifests[0]?.object, 'spec', 'template', 'spec', 'containers', 0), {
      name: 'partial',
    });
  });

  it('replaces the named fields of custom resources, in lists as well', () => {
    const object = workload(
      'Application',
      { components: [{ image: 'shop/web:1' }, { image: 'shop/web:2' }] },
      'example.com/v1',
    );
    const imageFields = [parseImageField('Application.example.com: spec.components[*].image')];
    const { manifests } = substitute(object, [web], { imageFields });
    assert.deepEqual(fieldAt(manifests[0]?.object, 'spec', 'components'), [
      { image: target },
      { image: target },
    ]);
  });

  it('refuses an image of the release that no manifest uses', () => {
    refused(
      'ImageUnmatched',
      () => substitute(deployment(podSpec(`shop/api@${other}`))),
      /web \(shop\/web\)/,
    );
  });

  it('refuses an image that is left on a tag, naming object, file and field', () => {
    refused(
      'ImageUnpinned',
      () => substitute(deployment(podSpec('shop/web', 'redis:7'))),
      /redis:7 in Deployment x \(k8s\/x\.yaml:1, spec\.template\.spec\.containers\[1\]\.image\)/,
    );
  });

  for (const allowed of ['redis', 'library/redis', 'docker.io/library/redis', '*']) {
    it(`lets an image stay on a tag that "${allowed}" allows`, () => {
      const { manifests } = substitute(deployment(podSpec('shop/web', 'redis:7')), [web], {
        allowUnpinned: [allowed],
      });
      assert.equal(
        fieldAt(manifests[0]?.object, 'spec', 'template', 'spec', 'containers', 1, 'image'),
        'redis:7',
      );
    });
  }

  it('refuses text that is no image reference', () => {
    refused(
      'ManifestInvalid',
      () => substitute(deployment(podSpec('Shop/Web:1:2'))),
      /k8s\/x\.yaml:1: spec\.template/,
    );
  });
});

describe('parseImageField', () => {
  it('takes a kind of the core group without a dot', () => {
    assert.deepEqual(parseImageField('Thing: spec.image'), {
      kind: 'Thing',
      group: '',
      path: ['spec', 'image'],
    });
  });
  for (const text of ['', 'Thing', 'Thing spec.image', ': spec.image', 'a b: c']) {
    it(`refuses "${text}"`, () => {
      refused('InputInvalid', () => parseImageField(text), /names no field/);
    });
  }
});
