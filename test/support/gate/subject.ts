import { mediaTypes } from '../../../core/model/descriptor.ts';
import { parseDigest } from '../../../core/model/digest.ts';
import type { Release } from '../../../core/model/release.ts';

/** The registry's name as pods know it. */
export const host = 'registry.contoso.example';

/** A release of the one image, deployed to staging. */
export function releaseOf(digest: string): Release {
  const image = { registry: host, path: 'subject' };
  const at = '2026-11-21T01:13:10Z';
  return {
    schemaVersion: 1,
    name: '1.0.0',
    createdAt: at,
    images: [
      {
        name: 'subject',
        source: `${host}/subject:1.0.0`,
        repository: image,
        digest: parseDigest(digest),
        mediaType: mediaTypes.ociManifest,
        size: 1,
        platforms: ['linux/amd64'],
      },
    ],
    promotions: [],
    deployments: [
      {
        environment: 'staging',
        cluster: 'shop-staging',
        namespace: 'shop',
        strategy: 'rolling',
        images: [{ image: 'subject', repository: image, digest: parseDigest(digest) }],
        objects: [
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            namespace: 'shop',
            name: 'subject',
            action: 'created',
          },
          { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'subject', action: 'created' },
        ],
        outcome: 'succeeded',
        startedAt: at,
        finishedAt: at,
      },
    ],
    verdicts: [],
  };
}

/** The namespace, Deployment and Service of the subject, with a readiness probe. */
export function subjectObjects(image: string): unknown {
  const labels = { app: 'subject' };
  const ports = [{ name: 'http', containerPort: 8080 }];
  const readinessProbe = { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 };
  const security = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: security } },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'subject', namespace: 'shop' },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              securityContext: {
                runAsNonRoot: true,
                runAsUser: 65532,
                seccompProfile: { type: 'RuntimeDefault' },
              },
              containers: [
                {
                  name: 'subject',
                  image,
                  ports,
                  readinessProbe,
                  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
                },
              ],
            },
          },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'subject', namespace: 'shop' },
        spec: { selector: labels, ports: [{ name: 'web', port: 80, targetPort: 'http' }] },
      },
    ],
  };
}
