import type { KubernetesObject } from '../../../core/model/kubernetes-object.ts';
import type { ManifestObject } from '../../../core/model/manifest-object.ts';
import type { Deadline, Log } from '../../../core/model/ports.ts';
import type { DeployRequest, DeploySurroundings } from '../../../core/operations/deploy/request.ts';
import type { KubernetesClient } from '../../../core/clients/kubernetes/client.ts';
import { virtualClock } from '../virtual-clock.ts';

/** A small application in one version: Deployment, Service with a named port, headless Service, ConfigMap. */
export function application(
  version: string,
  change: { readonly replicas?: number; readonly port?: number } = {},
): readonly ManifestObject[] {
  const labels = { app: 'web' };
  const meta = (name: string): KubernetesObject['metadata'] => ({ name, namespace: 'shop', labels });
  const objects: KubernetesObject[] = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('settings'), data: { greeting: version } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta('web'),
      spec: {
        replicas: change.replicas ?? 4,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: 'main',
                image: `web:${version}`,
                envFrom: [{ configMapRef: { name: 'settings' } }],
                ports: [{ name: 'http', containerPort: change.port ?? 8080 }],
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('web'),
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('web-peers'),
      spec: { clusterIP: 'None', selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
  ];
  return objects.map((object) => ({ object, origin: `web.yaml (${version})` }));
}

export function requestOf(
  manifests: readonly ManifestObject[],
  change: Partial<DeployRequest> = {},
): DeployRequest {
  return {
    name: 'shop',
    namespace: 'shop',
    manifests,
    force: false,
    onFailure: 'rollback',
    prune: false,
    annotations: {},
    holder: 'run',
    history: { release: manifests[0]?.origin ?? 'none', images: [] },
    ...change,
  };
}

export interface TestSurroundings extends DeploySurroundings {
  readonly lines: string[];
}

/** Every run of these tests begins an hour after the one before. */
let runs = 0;

export function surroundingsOf(client: KubernetesClient): TestSurroundings {
  const lines: string[] = [];
  const write = (text: string): void => {
    lines.push(text);
  };
  const log: Log = {
    phase: write,
    line: write,
    warning: (text) => lines.push(`warning: ${text}`),
    debug: () => undefined,
  };
  runs += 1;
  const clock = virtualClock(Date.parse('2026-11-21T01:00:00Z') + runs * 3_600_000);
  const deadline: Deadline = { at: clock.now() + 3_600_000, signal: new AbortController().signal };
  return { client, log, clock, deadline, lines };
}
