/**
 * Deployment beside `kubectl apply --server-side`, in turns on one API server: whole processes, Node's start included.
 * Writes out/bench/deploy.json. Options: the number of rounds, and letters of the cases.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildTasks } from '../scripts/build.ts';
import { components } from '../sandbox/build/components.ts';
import { prepareGround, startCluster } from '../sandbox/cluster/index.ts';
import { deployCommand, kubectlCommand, type Contestants } from './deploy/contestants.ts';
import { reportingDelay } from './deploy/reporting.ts';
import { sampleManifests } from './deploy/samples.ts';
import { measure, median, type Command, type Measured } from './promote/measured.ts';
import { startShaper } from './promote/ground.ts';

/** Lower is better; `ratio` is ours by the best of the peers', or by the bound where no peer does the same. */
interface Case {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  readonly ratio: number;
  readonly target: number;
}

const mebibyte = 2 ** 20;

export async function run(options: readonly string[]): Promise<void> {
  const rounds = Number(options.find((option) => /^\d+$/.test(option)) ?? 3);
  const wanted = options.filter((option) => /^[a-z]$/.test(option));
  const isWanted = (letter: string): boolean => wanted.length === 0 || wanted.includes(letter);
  const directory = await mkdtemp(join(tmpdir(), 'bench-deploy-'));
  const [bundle] = await buildTasks(['aks-deploy']);
  if (bundle === undefined) throw new Error('aks-deploy was not built');
  const { world } = await components(['world']);
  const ground = await prepareGround({ environment: {}, progress: console.log });
  const cluster = await startCluster({ name: 'bench', ground, directory });
  const link = await startShaper(new URL(cluster.server).host);
  const near: Contestants = {
    bundle: bundle.directory,
    kubectl: world,
    directory,
    kubeconfig: cluster.adminKubeconfig,
  };
  // The same cluster over a link of 20 ms, where API servers usually are; the certificate names the cluster's address.
  const far: Contestants = {
    ...near,
    kubeconfig: throughLink(cluster.adminKubeconfig, cluster.server, link.host),
  };
  const cases: Case[] = [];
  const add = (one: Case): void => {
    console.log(format(one));
    cases.push(one);
  };
  try {
    let namespaces = 0;
    const fresh = async (contestants: Contestants): Promise<string> => {
      namespaces += 1;
      const name = `bench-${namespaces}`;
      await measure(await kubectlCommand(contestants, ['create', 'namespace', name]));
      return name;
    };
    const race = async (
      contestants: Contestants,
      count: number,
      first: boolean,
    ): Promise<{ ours: Measured; kubectl: Measured }> => {
      const results: { ours: Measured[]; kubectl: Measured[] } = { ours: [], kubectl: [] };
      for (let round = 0; round <= rounds; round += 1) {
        for (const who of ['ours', 'kubectl'] as const) {
          const place = await fresh(contestants);
          const manifests = await sampleManifests(directory, count, place);
          const command: Command =
            who === 'ours'
              ? await deployCommand(contestants, manifests, place)
              : await kubectlCommand(contestants, ['apply', '--server-side', '-f', manifests]);
          const accept = (output: string): boolean =>
            who === 'kubectl' || output.includes('task.complete result=Succeeded');
          if (!first) await measure(command, accept);
          const result = await measure(command, accept);
          if (round > 0) results[who].push(result);
          await measure(await kubectlCommand(contestants, ['delete', 'namespace', place, '--wait=false']));
        }
        process.stdout.write(`round ${round} of ${rounds}\r`);
      }
      return { ours: middle(results.ours), kubectl: middle(results.kubectl) };
    };
    for (const [label, contestants] of [
      ['loopback', near],
      ['20 ms away', far],
    ] as const) {
      if (isWanted('a')) {
        const { ours, kubectl } = await race(contestants, 1000, true);
        add(timeCase(`a: 1,000 objects that are new, ${label}`, ours, kubectl, 1 / 6));
        add(bound(`a: memory at 1,000 objects, ${label}`, 'MiB', ours.resident, 150_000_000 / mebibyte));
      }
      if (isWanted('b')) {
        const { ours, kubectl } = await race(contestants, 1000, false);
        add(timeCase(`b: 1,000 unchanged objects, ${label}`, ours, kubectl, 1 / 10));
      }
      if (isWanted('c')) {
        const { ours, kubectl } = await race(contestants, 1, true);
        console.log(
          `   one object: ours ${ours.seconds.toFixed(3)} s, kubectl ${kubectl.seconds.toFixed(3)} s`,
        );
        add(bound(`c: one object, over kubectl's time, ${label}`, 's', ours.seconds - kubectl.seconds, 0.25));
      }
    }
    if (isWanted('d')) {
      const sizes: number[] = [];
      for (const count of [1000, 10_000]) {
        const place = await fresh(near);
        const manifests = await sampleManifests(directory, count, place);
        const { resident } = await measure(await deployCommand(near, manifests, place), (output) =>
          output.includes('result=Succeeded'),
        );
        sizes.push(resident);
      }
      const [small = 0, large = 0] = sizes;
      add(
        bound(
          'd: memory for each object from 1,000 to 10,000',
          'KiB',
          ((large - small) * 1024) / 9000,
          50_000 / 1024,
        ),
      );
    }
    if (isWanted('e')) add(bound('e: a ready rollout is reported', 'ms', await reportingDelay(cluster), 100));
  } finally {
    await link.stop();
    await cluster.stop();
    await ground.release();
    await rm(directory, { recursive: true, force: true });
  }
  const out = join(import.meta.dirname, '..', 'out', 'bench');
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'deploy.json'), `${JSON.stringify({ cases }, undefined, 2)}\n`);
  const missed = cases.filter(({ ratio, target }) => ratio > target);
  console.log(
    missed.length === 0 ? 'every target is met' : `missed: ${missed.map(({ name }) => name).join('; ')}`,
  );
}

function throughLink(kubeconfig: string, server: string, host: string): string {
  const { hostname } = new URL(server);
  return kubeconfig
    .replace(server, `https://${host}`)
    .replace(/^( *)(- )?(.*server:.*)$/m, (line: string, indent: string, dash: string | undefined) =>
      dash === undefined ? `${line}\n${indent}tls-server-name: ${hostname}` : line,
    );
}

function timeCase(name: string, ours: Measured, kubectl: Measured, target: number): Case {
  return {
    name,
    unit: 's',
    ours: ours.seconds,
    peers: { kubectl: kubectl.seconds },
    ratio: ours.seconds / kubectl.seconds,
    target,
  };
}

function bound(name: string, unit: string, ours: number, allowed: number): Case {
  return { name, unit, ours, peers: { allowed }, ratio: ours / allowed, target: 1 };
}

function middle(all: readonly Measured[]): Measured {
  return {
    seconds: median(all.map(({ seconds }) => seconds)),
    resident: median(all.map(({ resident }) => resident)),
  };
}

function format({ name, unit, ours, peers, ratio, target }: Case): string {
  const others = Object.entries(peers).map(([peer, value]) => `${peer} ${value.toFixed(2)}`);
  const met = ratio <= target ? 'met' : 'MISSED';
  return `${name}: ours ${ours.toFixed(2)} ${unit}, ${others.join(', ')}; ratio ${ratio.toFixed(3)}, target ${target.toFixed(3)}: ${met}`;
}
