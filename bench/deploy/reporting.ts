import { performance } from 'node:perf_hooks';
import { accessFromKubeconfig } from '../../core/clients/kubernetes/access.ts';
import { createKubernetesClient, type KubernetesClient } from '../../core/clients/kubernetes/client.ts';
import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import { numberAt } from '../../core/model/kubernetes-object.ts';
import { deploy } from '../../core/operations/deploy/deploy.ts';
import { readManifest } from '../../core/render/manifest-objects.ts';
import type { Cluster } from '../../sandbox/cluster/index.ts';
import { median } from '../promote/measured.ts';

const rounds = 7;

/** Milliseconds from when another watch hears that a Deployment is ready until the deployment reports it. */
export async function reportingDelay(cluster: Cluster): Promise<number> {
  const access = accessFromKubeconfig(cluster.adminKubeconfig, { name: 'bench' });
  const [client, observer] = [createKubernetesClient(access), createKubernetesClient(access)];
  const delays: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1)
      delays.push(await once(client, observer, `reported-${round}`));
  } finally {
    client.close();
    observer.close();
  }
  return median(delays);
}

async function once(client: KubernetesClient, observer: KubernetesClient, name: string): Promise<number> {
  const yaml = `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 0
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: app, image: contoso.azurecr.io/web}]}
`;
  let heard = 0;
  let reported = 0;
  const stop = new AbortController();
  const watching = (async () => {
    const query = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'default',
      fieldSelector: `metadata.name=${name}`,
    };
    for await (const event of observer.watch(query, stop.signal)) {
      if (event.type === 'listed' || numberAt(event.object, 'status', 'observedGeneration') === undefined)
        continue;
      heard = performance.now();
      return;
    }
  })();
  const log = {
    phase: () => undefined,
    line: (text: string) => {
      if (text.startsWith('ok ')) reported = performance.now();
    },
    warning: () => undefined,
    debug: () => undefined,
  };
  const request = {
    name: 'bench',
    manifests: readManifest(yaml, 'bench.yaml'),
    namespace: 'default',
    force: false,
    onFailure: 'keep' as const,
    prune: false,
    annotations: {},
    holder: 'bench',
    history: undefined,
  };
  await deploy(request, { client, log, clock: systemClock, deadline: deadlineIn(60_000, 'the bench') });
  await watching;
  stop.abort();
  return Math.max(0, reported - heard);
}
