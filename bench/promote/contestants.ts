import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredImage } from '../../test/support/registries/stored-image.ts';
import { parseDigest } from '../../core/model/digest.ts';
import { formatRelease, type ReleaseImage } from '../../core/model/release.ts';
import { contractEnvironment } from '../../sandbox/agent/environment.ts';
import type { PeerName } from '../../test/support/registries/peer-tools.ts';
import type { Command } from './measured.ts';

export interface Work {
  readonly source: string;
  readonly target: string;
  /** By repository, the same on both sides. */
  readonly images: ReadonlyMap<string, StoredImage>;
  readonly tag: string;
  /** PEM file of the authority; undefined speaks plain HTTP. */
  readonly authority: string | undefined;
}

/** Our task as the agent starts it: the bundle, in a process of its own, under the agent's environment. */
export function ours(
  bundle: string,
  work: Work,
  directory: string,
  inputs: Readonly<Record<string, string>> = {},
): Command {
  mkdirSync(directory, { recursive: true });
  const releaseFile = join(directory, 'release.json');
  const images = [...work.images].map(([path, { root }]): ReleaseImage => ({
    name: path.replaceAll('/', '-'),
    source: `${work.source}/${path}:1`,
    repository: { registry: work.source, path },
    digest: parseDigest(root.digest),
    mediaType: root.mediaType,
    size: 0,
    platforms: [],
  }));
  const createdAt = '2026-01-01T00:00:00Z';
  const nothing = { promotions: [], deployments: [], verdicts: [] };
  writeFileSync(
    releaseFile,
    formatRelease({ schemaVersion: 1, name: work.tag, createdAt, images, ...nothing }),
  );
  const connectionId = '00000000-0000-4000-8000-00000000be4c';
  return {
    program: process.execPath,
    arguments: [join(bundle, 'index.js')],
    environment: {
      ...contractEnvironment({
        agent: work.authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: work.authority },
        step: {},
        variables: Object.entries(variables(directory)).map(([name, value]) => ({
          name,
          value,
          secret: false,
          readOnly: false,
        })),
        inputs: new Map(
          Object.entries({
            releaseFile,
            containerRegistry: connectionId,
            tags: work.tag,
            statement: 'false',
            ...inputs,
          }),
        ),
        connections: [
          {
            id: connectionId,
            name: 'target',
            type: 'dockerregistry',
            url: `https://${work.target}`,
            authorization: {
              scheme: 'UsernamePassword',
              parameters: {
                registry: `https://${work.target}`,
                username: 'nobody',
                password: 'nothing at all',
              },
            },
            data: { registrytype: 'Others' },
          },
        ],
        system: { url: 'https://dev.azure.com/contoso/', accessToken: 'none is used here' },
        taskVariables: {},
        prependPath: [],
      }),
    },
  };
}

function variables(directory: string): Readonly<Record<string, string>> {
  return {
    'Agent.TempDirectory': directory,
    'System.DefaultWorkingDirectory': directory,
    'System.CollectionUri': 'https://dev.azure.com/contoso/',
    'System.TeamFoundationCollectionUri': 'https://dev.azure.com/contoso/',
    'System.TeamProject': 'shop',
    'System.TeamProjectId': '00000000-0000-4000-8000-000000000001',
    'System.DefinitionId': '1',
    'System.DefinitionName': 'bench',
    'System.HostType': 'build',
    'System.PlanId': '00000000-0000-4000-8000-000000000002',
    'System.JobId': '00000000-0000-4000-8000-000000000003',
    'Build.BuildId': '1',
    'Build.BuildNumber': '1',
    'Build.DefinitionName': 'bench',
  };
}

/** The same work by one of the tools that people use: for one image, with attachments where the tool can. */
export function peer(name: PeerName, program: string, work: Work): Command {
  const [entry] = work.images;
  if (entry === undefined) throw new Error('no image');
  const [path, { root }] = entry;
  const [from, to] = [`${work.source}/${path}@${root.digest}`, `${work.target}/${path}:${work.tag}`];
  const isPlain = work.authority === undefined;
  const environment: Record<string, string> =
    work.authority === undefined ? {} : { SSL_CERT_FILE: work.authority };
  switch (name) {
    case 'crane':
      return { program, environment, arguments: ['copy', ...(isPlain ? ['--insecure'] : []), from, to] };
    case 'oras': {
      const plain = isPlain ? ['--from-plain-http', '--to-plain-http'] : [];
      return { program, environment, arguments: ['cp', '-r', '--no-tty', ...plain, from, to] };
    }
    case 'regctl': {
      const hosts = isPlain
        ? [work.source, work.target].flatMap((host) => ['--host', `reg=${host},tls=disabled`])
        : [];
      return { program, environment, arguments: ['image', 'copy', '--referrers', ...hosts, from, to] };
    }
  }
}
