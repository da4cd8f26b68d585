import { HttpClient } from '../../core/clients/http/client.ts';
import { systemClock } from '../../core/clients/http/system-clock.ts';
import type { Agent } from '../../core/host/agent.ts';
import { DeliveryError } from '../../core/model/errors.ts';
import { isObject } from '../../core/model/json.ts';
import { parseDigest } from '../../core/model/digest.ts';
import { numberAt, objectsAt, textAt } from '../../core/model/kubernetes-object.ts';
import type { Deadline } from '../../core/model/ports.ts';
import { formatReference, parseReference } from '../../core/model/reference.ts';
import type { Chart } from '../../core/render/helm.ts';
import { openRegistries } from '../registry-access.ts';
import type { DeployInputs } from './inputs.ts';

// Helm's own media type of a chart's archive (helm, "Use OCI-based registries").
const chartLayer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
/** Helm itself refuses larger ones (helm/pkg/chart/loader, MaxDecompressedChartSize). */
const largestChart = 100 * 1024 * 1024;

/**
 * A chart from an OCI registry, by digest: what is deployed is what was reviewed.
 * @throws DeliveryError `ImageUnpinned` for a chart by tag that is not allowed by name, `ImageNotFound`
 */
export async function fetchChart(
  agent: Agent,
  inputs: DeployInputs,
  chart: string,
  deadline: Deadline,
): Promise<Chart> {
  const reference = parseReference(chart.replace(/^oci:\/\//, ''));
  const { registry: host, path } = reference.repository;
  if (
    reference.kind === 'tag' &&
    !inputs.allowUnpinned.includes(path) &&
    !inputs.allowUnpinned.includes('*')
  ) {
    throw new DeliveryError('ImageUnpinned', `"helmChart" names ${chart} by tag`, {
      hint: 'Name the chart by digest (oci://registry/path@sha256:...), or allow its path by name in "allowUnpinned".',
    });
  }
  const http = new HttpClient({
    clock: systemClock,
    deadline,
    proxy: agent.proxy,
    debug: (line) => {
      agent.log.debug(line);
    },
  });
  const registry = openRegistries(
    agent,
    http,
    inputs.pullRegistry === undefined ? [] : [inputs.pullRegistry],
  )(host);
  const wanted = reference.kind === 'digest' ? reference.digest : reference.tag;
  const manifest = await registry.manifest(path, wanted, deadline.signal);
  if (manifest === undefined) {
    throw new DeliveryError('ImageNotFound', `${host} has no chart ${formatReference(reference)}`, {
      hint: 'Check registry, path and digest, and whether the connection in "containerRegistry" may read it.',
    });
  }
  const document: unknown = JSON.parse(Buffer.from(manifest.bytes).toString('utf8'));
  const layer = objectsAt(document, 'layers').find((each) => each['mediaType'] === chartLayer);
  if (!isObject(layer)) {
    throw new DeliveryError('ManifestUnsupported', `${formatReference(reference)} is no Helm chart`, {
      hint: `A chart's manifest has a layer of type ${chartLayer}: push it with "helm push".`,
    });
  }
  const descriptor = {
    mediaType: chartLayer,
    digest: parseDigest(textAt(layer, 'digest') ?? ''),
    size: numberAt(layer, 'size') ?? 0,
  };
  const archive = await registry.blobBytes(path, descriptor, largestChart, deadline.signal);
  return { archive, name: formatReference(reference) };
}
