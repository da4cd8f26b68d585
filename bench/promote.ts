/**
 * Promotion beside crane, regctl and oras, all in one run and in turns: whole processes, Node's start included. Writes
 * out/bench/promote.json.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTasks } from '../scripts/build.ts';
import { peerNames, peerTool, type PeerName } from '../test/support/registries/peer-tools.ts';
import type { Case } from './promote/case.ts';
import { countRequests, secondPromotion } from './promote/counted.ts';
import { importBytes } from './promote/imported.ts';
import { benchDirectory } from './promote/ground.ts';
import { manyImages } from './promote/many.ts';
import { race, type Outcome } from './promote/race.ts';
import { bigImage, platformImage } from './promote/samples.ts';

export async function run(options: readonly string[]): Promise<void> {
  const rounds = Number(options.find((option) => /^\d+$/.test(option)) ?? 5);
  const wanted = options.filter((option) => /^[a-z]$/.test(option));
  const isWanted = (letter: string): boolean => wanted.length === 0 || wanted.includes(letter);
  const [bundle] = await buildTasks(['promote-image']);
  if (bundle === undefined) throw new Error('promote-image was not built');
  const tools = new Map<PeerName, string>();
  for (const name of peerNames) tools.set(name, await peerTool(name, console.log));
  const directory = await benchDirectory();
  const place = { bundle: bundle.directory, tools, directory, rounds };
  const cases: Case[] = [];
  const add = (...more: readonly Case[]): void => {
    for (const one of more) console.log(formatCase(one));
    cases.push(...more);
  };
  try {
    if (isWanted('a')) {
      const slow = await race({
        ...place,
        image: bigImage(),
        isShaped: true,
        peers: peerNames,
        label: 'a, link',
      });
      add(
        timeCase('a: 10 x 20 MiB, 1 Gbit/s and 20 ms', slow, 1),
        memoryCase('a: memory over the link', slow),
      );
      const bare = await race({
        ...place,
        image: bigImage(),
        isShaped: false,
        peers: peerNames,
        label: 'a, loopback',
      });
      add(
        timeCase('a: 10 x 20 MiB, loopback', bare, 1.4, ['crane']),
        memoryCase('a: memory on loopback', bare),
      );
    }
    if (isWanted('b')) {
      const sample = platformImage();
      const many = await race({
        ...place,
        ...sample,
        isShaped: true,
        peers: ['regctl', 'oras', 'crane'],
        label: 'b',
      });
      add(timeCase('b: 2 platforms, 40 layers, 4 referrers, 20 ms', many, 0.7, ['regctl']));
      add(await countRequests(place));
    }
    if (isWanted('c')) add(await secondPromotion(place));
    if (isWanted('d')) add(...(await manyImages(place)));
    if (isWanted('e')) add(await importBytes());
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const out = join(import.meta.dirname, '..', 'out', 'bench');
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'promote.json'), `${JSON.stringify({ cases }, undefined, 2)}\n`);
  const missed = cases.filter(({ ratio, target }) => ratio > target);
  console.log(
    missed.length === 0 ? 'every target is met' : `missed: ${missed.map(({ name }) => name).join('; ')}`,
  );
}

/** @param against whom the target is set against; all peers when left out */
function timeCase(name: string, outcome: Outcome, target: number, against?: readonly string[]): Case {
  const peers = Object.fromEntries([...outcome.peers].map(([peer, { seconds }]) => [peer, seconds]));
  const rivals = Object.entries(peers).filter(([peer]) => against?.includes(peer) !== false);
  const best = Math.min(...rivals.map(([, seconds]) => seconds));
  return { name, unit: 's', ours: outcome.ours.seconds, peers, ratio: outcome.ours.seconds / best, target };
}

/** Under 100 MB, whatever the peers take. */
function memoryCase(name: string, outcome: Outcome): Case {
  const peers = Object.fromEntries([...outcome.peers].map(([peer, { resident }]) => [peer, resident]));
  const bound = 100_000_000 / 2 ** 20;
  return {
    name,
    unit: 'MiB',
    ours: outcome.ours.resident,
    peers,
    ratio: outcome.ours.resident / bound,
    target: 1,
  };
}

function formatCase({ name, unit, ours, peers, ratio, target }: Case): string {
  const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(3));
  const others = Object.entries(peers).map(([peer, value]) => `${peer} ${round(value)}`);
  const verdict = ratio <= target ? 'met' : 'MISSED';
  return `${name}: ${round(ours)} ${unit}${others.length === 0 ? '' : ` (${others.join(', ')})`}, ratio ${ratio.toFixed(3)}, target ${target}: ${verdict}`;
}
