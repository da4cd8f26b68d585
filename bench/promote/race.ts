import { join } from 'node:path';
import { RegistryContent } from '../../test/support/registries/registry-content.ts';
import { startPlainRegistry } from '../../test/support/registries/plain-registry.ts';
import type { StoredImage } from '../../test/support/registries/stored-image.ts';
import type { PeerName } from '../../test/support/registries/peer-tools.ts';
import { ours, peer, type Work } from './contestants.ts';
import { createTls, emptyRegistry, startShaper, type Tls } from './ground.ts';
import { measure, median, type Command, type Measured } from './measured.ts';
import type { Sample } from './samples.ts';

export interface Place {
  readonly bundle: string;
  readonly tools: ReadonlyMap<PeerName, string>;
  readonly directory: string;
  readonly rounds: number;
}

export interface Race extends Place, Sample {
  readonly isShaped: boolean;
  readonly peers: readonly PeerName[];
  readonly label: string;
}

export interface Outcome {
  /** Medians. */
  readonly ours: Measured;
  readonly peers: ReadonlyMap<PeerName, Measured>;
}

const repository = 'bench/image';

/** Everybody does the same work in turns, each time into an empty registry; one round more than counted warms up. */
export async function race(asked: Race): Promise<Outcome> {
  const directory = join(asked.directory, 'race');
  const tls = await createTls(asked.directory);
  const source = await seed(directory, asked, tls);
  const sourceLink = asked.isShaped ? await startShaper(source.host) : undefined;
  const results = new Map<string, Measured[]>();
  try {
    for (let round = 0; round <= asked.rounds; round += 1) {
      for (const name of ['ours', ...asked.peers] as const) {
        const result = await turn(name, asked, tls, sourceLink?.host ?? source.host);
        if (round > 0) results.set(name, [...(results.get(name) ?? []), result]);
      }
      process.stdout.write(`${asked.label}: round ${round} of ${asked.rounds}\r`);
    }
  } finally {
    await sourceLink?.stop();
    await source.stop();
  }
  return {
    ours: middle(results.get('ours') ?? []),
    peers: new Map(asked.peers.map((name) => [name, middle(results.get(name) ?? [])])),
  };
}

async function turn(name: 'ours' | PeerName, asked: Race, tls: Tls, source: string): Promise<Measured> {
  const target = await emptyRegistry(asked.directory, 'target', tls);
  const link = asked.isShaped ? await startShaper(target.host) : undefined;
  try {
    const work: Work = {
      source,
      target: link?.host ?? target.host,
      images: new Map([[repository, asked.image]]),
      tag: '1',
      authority: tls.authority,
    };
    return await measure(...commandOf(name, asked, work));
  } finally {
    await link?.stop();
    await target.stop();
  }
}

function commandOf(name: 'ours' | PeerName, asked: Race, work: Work): [Command, (output: string) => boolean] {
  if (name !== 'ours') return [peer(name, asked.tools.get(name) ?? name, work), () => true];
  const command = ours(asked.bundle, work, join(asked.directory, 'ours'));
  // The task's exit code is 0 whatever happened: its result is what it says.
  return [command, (output) => output.includes('task.complete result=Succeeded')];
}

/** A registry that holds the sample: filled over plain HTTP, then started again with TLS. */
export async function seed(
  directory: string,
  { image, attached }: Sample,
  tls?: Tls,
): ReturnType<typeof emptyRegistry> {
  const filling = await startPlainRegistry('distribution', { directory });
  const content = new RegistryContent(filling.host);
  await content.push(repository, image, ['1']);
  for (const one of attached ?? []) await content.attach(repository, one, image.root);
  await filling.stop();
  return startPlainRegistry('distribution', {
    directory,
    ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key } }),
  });
}

export function workOf(source: string, target: string, image: StoredImage): Work {
  return { source, target, images: new Map([[repository, image]]), tag: '1', authority: undefined };
}

function middle(all: readonly Measured[]): Measured {
  return {
    seconds: median(all.map(({ seconds }) => seconds)),
    resident: median(all.map(({ resident }) => resident)),
  };
}
