import assert from 'node:assert/strict';
import { isDeliveryError } from '../../../core/model/errors.ts';
import type { ManifestObject } from '../../../core/model/manifest-object.ts';
import { stepsOf, waveAnnotation } from '../../../core/model/waves.ts';

const manifest = (apiVersion: string, kind: string, wave?: string): ManifestObject => ({
  object: {
    apiVersion,
    kind,
    metadata: { name: kind, ...(wave === undefined ? {} : { annotations: { [waveAnnotation]: wave } }) },
  },
  origin: 'f.yaml:1',
});
const order = (...manifests: readonly ManifestObject[]): readonly (readonly string[])[] =>
  stepsOf(manifests, (each) => each).map(({ items }) => items.map(({ object }) => object.kind));

describe('the order of a deployment', () => {
  it('begins with what others build on and ends with what takes effect on what is there', () => {
    assert.deepEqual(
      order(
        manifest('networking.k8s.io/v1', 'Ingress'),
        manifest('apps/v1', 'Deployment'),
        manifest('batch/v1', 'Job'),
        manifest('cert-manager.io/v1', 'Certificate'),
        manifest('v1', 'Service'),
        manifest('v1', 'Secret'),
        manifest('v1', 'ConfigMap'),
        manifest('rbac.authorization.k8s.io/v1', 'RoleBinding'),
        manifest('v1', 'ServiceAccount'),
        manifest('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
        manifest('v1', 'Namespace'),
      ),
      [
        ['Namespace'],
        ['CustomResourceDefinition'],
        ['ServiceAccount'],
        ['RoleBinding'],
        ['Secret', 'ConfigMap'],
        ['Service'],
        ['Certificate'],
        ['Deployment', 'Job'],
        ['Ingress'],
      ],
    );
  });

  it("follows the author's waves before all else", () => {
    assert.deepEqual(
      order(
        manifest('v1', 'Namespace'),
        manifest('batch/v1', 'Job', '-1'),
        manifest('v1', 'ConfigMap', '2'),
        manifest('apps/v1', 'Deployment', '1'),
      ),
      [['Job'], ['Namespace'], ['Deployment'], ['ConfigMap']],
    );
  });

  for (const text of ['', 'first', '1.5', '1e3']) {
    it(`refuses the wave "${text}"`, () => {
      assert.throws(
        () => order(manifest('v1', 'ConfigMap', text)),
        (error) => isDeliveryError(error) && error.code === 'ManifestInvalid',
      );
    });
  }
});
