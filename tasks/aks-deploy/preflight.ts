import { HttpClient } from '../../core/clients/http/client.ts';
import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import { createKubernetesClient, type KubernetesClient } from '../../core/clients/kubernetes/client.ts';
import type { Agent } from '../../core/host/agent.ts';
import type { KubernetesObject } from '../../core/model/kubernetes-object.ts';
import type { Deadline } from '../../core/model/ports.ts';
import type { RegistryLogin } from '../../core/model/pull-secret.ts';
import { digestReference, formatReference, parseReference } from '../../core/model/reference.ts';
import { chooseImages } from '../../core/model/wanted-images.ts';
import { identityProbe, permissionsProbe } from '../../core/operations/preflight/permissions.ts';
import { preflight, requirePassed } from '../../core/operations/preflight/preflight.ts';
import type { Finding, Probe } from '../../core/operations/preflight/probe.ts';
import { pullProbe } from '../../core/operations/preflight/pull.ts';
import { resolveClusterAccess, type KnownCluster } from '../cluster-access.ts';
import { hostOf, openCredential } from '../registry-access.ts';
import type { DeployInputs } from './inputs.ts';
import { renderManifests } from './manifests.ts';
import { pullLogin } from './pull-login.ts';

const second = 1000;
const access = 'Access to the cluster';
const identity = 'Identity in the cluster';
const manifests = 'Manifests';
const registrySignIn = 'Sign-in (containerRegistry)';

/** What earlier probes found and later ones need. */
interface Found {
  cluster?: KnownCluster;
  client?: KubernetesClient;
  objects: readonly KubernetesObject[];
  login?: RegistryLogin;
}

/** Asks for everything that a deployment with these inputs will need, and tells all that is missing together. */
export async function runPreflight(agent: Agent, inputs: DeployInputs, deadline: Deadline): Promise<void> {
  const found: Found = { objects: [] };
  try {
    const images = imagesOf(inputs);
    const probes = [
      ...hostsOf(agent, inputs, images).map((host) => reachProbe(agent, host)),
      ...signInProbes(agent),
      ...clusterProbes(agent, found),
      ...sourceProbes(agent, inputs, deadline, found),
      ...deploymentProbes(agent, inputs, images, found),
    ];
    const findings = await preflight(probes, { log: agent.log, signal: deadline.signal });
    agent.addSummary('Preflight', formatFindings(findings));
    requirePassed(findings);
  } finally {
    found.client?.close();
  }
}

/** Name resolution, proxy, firewall and TLS of one host; any answer will do. */
function reachProbe(agent: Agent, host: string): Probe {
  return {
    name: `Network to ${host}`,
    run: async (signal) => {
      const deadline = deadlineIn(20 * second, `the way to ${host}`, signal);
      const http = new HttpClient({ clock: systemClock, deadline, proxy: agent.proxy });
      const url = new URL(`https://${host}/`);
      try {
        const { status } = await http.fetch({ method: 'HEAD', url });
        const isDirect = agent.proxy?.bypasses(url.href) ?? true;
        return `answers over TLS (HTTP ${status})${isDirect ? '' : ", through the agent's proxy"}`;
      } finally {
        http.close();
      }
    },
  };
}

/** Microsoft Entra ID, for a cluster that is reached through Azure. */
function signInProbes(agent: Agent): readonly Probe[] {
  if (!isThroughAzure(agent)) return [];
  const { cloud, identity: who, input, id } = agent.connections.azureResourceManager('azureSubscription');
  return [
    {
      name: 'Sign-in (azureSubscription)',
      run: async (signal) => {
        const credential = openCredential(agent, who, cloud, { input, id });
        await credential.token(`${cloud.resourceManagerAudience}/.default`, signal);
        return credential.who;
      },
    },
  ];
}

function clusterProbes(agent: Agent, found: Found): readonly Probe[] {
  return [
    {
      name: access,
      run: async () => {
        found.cluster = await resolveClusterAccess(agent);
        found.client = createKubernetesClient(found.cluster, { proxy: agent.proxy, clock: systemClock });
        return `${found.client.name} at ${found.client.server}`;
      },
    },
    identityProbe(() => clientOf(found), [access]),
  ];
}

function sourceProbes(
  agent: Agent,
  inputs: DeployInputs,
  deadline: Deadline,
  found: Found,
): readonly Probe[] {
  const { pullRegistry } = inputs;
  const probes: Probe[] = [];
  if (hasSource(inputs)) {
    probes.push({
      name: manifests,
      run: async () => {
        found.objects = (await renderManifests(agent, inputs, deadline)).manifests.map(
          ({ object }) => object,
        );
        return `${found.objects.length} objects`;
      },
    });
  }
  if (pullRegistry !== undefined) {
    probes.push({
      name: registrySignIn,
      run: async () => {
        found.login = await pullLogin(agent, pullRegistry, deadline);
        return `${found.login.host} takes the identity`;
      },
    });
  }
  return probes;
}

function deploymentProbes(
  agent: Agent,
  inputs: DeployInputs,
  images: readonly string[],
  found: Found,
): readonly Probe[] {
  const namespace = (): string => inputs.namespace ?? found.cluster?.namespace ?? 'default';
  const rights = permissionsProbe({
    client: () => clientOf(found),
    objects: () => found.objects,
    namespace,
    prune: inputs.prune,
    remedy: () => found.cluster?.identity?.remedy(namespace()),
    needs: [identity, ...(hasSource(inputs) ? [manifests] : [])],
  });
  if (!inputs.preflightPull || images.length === 0) return [rights];
  const pull = pullProbe({
    client: () => clientOf(found),
    clock: systemClock,
    namespace,
    images,
    pullSecrets: inputs.pullRegistry === undefined ? inputs.pullSecrets : [],
    login: () => found.login,
    run: `${agent.system.run.id}-${agent.system.run.attempt}`,
    patience: 120 * second,
    needs: [identity, ...(inputs.pullRegistry === undefined ? [] : [registrySignIn])],
  });
  return [rights, pull];
}

function clientOf({ client }: Found): KubernetesClient {
  if (client === undefined) throw new Error('a probe ran before the one that it needs');
  return client;
}

function isThroughAzure(agent: Agent): boolean {
  return agent.inputs.text('connectionType') !== 'kubernetesServiceConnection';
}

function hasSource(inputs: DeployInputs): boolean {
  return inputs.manifests.length > 0 || inputs.kustomization !== undefined || inputs.helmChart !== undefined;
}

/** The images that the deployment would carry, by digest. */
function imagesOf({ release, images, registry, containers }: DeployInputs): readonly string[] {
  const chosen = release === undefined ? [] : chooseImages(release, images, registry);
  const carried = chosen.map(({ image, repository }) =>
    formatReference(digestReference(repository, image.digest)),
  );
  return [...new Set([...carried, ...containers])];
}

/** Every host that the agent itself will ask by name. */
function hostsOf(agent: Agent, inputs: DeployInputs, images: readonly string[]): readonly string[] {
  const hosts = new Set<string>();
  const identities = [
    ...(isThroughAzure(agent) ? [agent.connections.azureResourceManager('azureSubscription')] : []),
    ...(inputs.pullRegistry?.registry === 'azure' ? [inputs.pullRegistry] : []),
  ];
  for (const { identity: who, cloud } of identities) {
    if (who.scheme !== 'managedIdentity') hosts.add(new URL(cloud.authority).host);
    if (who.scheme === 'workloadIdentityFederation') hosts.add(new URL(agent.system.collectionUrl).host);
  }
  const [first] = identities;
  if (isThroughAzure(agent) && first !== undefined) hosts.add(new URL(first.cloud.resourceManager).host);
  if (inputs.pullRegistry !== undefined) hosts.add(hostOf(inputs.pullRegistry));
  for (const image of images) hosts.add(parseReference(image).repository.registry);
  return [...hosts];
}

function formatFindings(findings: readonly Finding[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
  return [
    '| check | outcome | what was found |',
    '| --- | --- | --- |',
    ...findings.map(({ name, outcome, detail, remedy }) => {
      const what = remedy === undefined ? detail : `${detail} - ${remedy}`;
      return `| ${name} | ${outcome} | ${cell(what)} |`;
    }),
  ].join('\n');
}
