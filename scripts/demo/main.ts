import path from 'node:path';
import { hasSucceeded, type Result } from '../../sandbox/pipeline/outcome.ts';
import { cdPipeline, runCd } from '../../sandbox/world/cd.ts';
import { ciPipeline, runCi, type CiResult } from '../../sandbox/world/ci.ts';
import { repository } from '../../sandbox/world/pipeline-runs.ts';
import {
  buildServiceBinaries,
  type ServiceBinaries,
  type ServiceVersion,
} from '../../sandbox/world/service-images.ts';
import type { NodesWanted } from '../../sandbox/cluster/index.ts';
import { startWorld, type World } from '../../sandbox/world.ts';
import { buildTasks, taskOutputs } from '../build.ts';
import { TerminalApproval, type ApprovalMode } from './approval.ts';
import { claimFolder, releaseFolder } from './claim.ts';
import { commitOf } from './commit.ts';
import { keepUp } from './keep.ts';
import { changesIn, snapshotProduction, type Production } from './production.ts';
import { writeResults } from './results.ts';
import { StageBlocks } from './stage-blocks.ts';
import { Terminal } from './terminal.ts';
import { compareToCi, short, showWhatRuns } from './what-runs.ts';

const flags = new Set(process.argv.slice(2));
const terminal = new Terminal();
const stop = new AbortController();
const output = path.join(repository, 'out/demo');

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!stop.signal.aborted) terminal.line(`\nStopping (${signal})...`);
    stop.abort();
  });
}
process.exitCode = await main();

async function main(): Promise<number> {
  terminal.line('aks-delivery: one release from CI to production, on this machine');
  try {
    await claimFolder(output);
  } catch (error) {
    terminal.failed(error instanceof Error ? error.message : String(error));
    return 1;
  }
  let world: World | undefined;
  try {
    const prepared = await prepare();
    world = prepared.world;
    const ended = await release(prepared);
    await showWhatRuns(world, terminal);
    terminal.title(ended.asExpected ? terminal.green(ended.text) : terminal.red(ended.text));
    for (const detail of ended.details) terminal.failed(detail);
    terminal.note(
      `${path.relative(process.cwd(), output)}/release.json and report.html, in ${terminal.elapsed}`,
    );
    if (flags.has('--keep')) await keepUp(world, terminal, stop.signal);
    return stop.signal.aborted && !flags.has('--keep') ? 130 : ended.asExpected ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    terminal.line('');
    terminal.failed(error instanceof Error ? error.message : String(error));
    const hint = (error as { hint?: unknown }).hint;
    if (typeof hint === 'string') terminal.note(hint);
    return 1;
  } finally {
    await world?.stop();
    await releaseFolder(output);
  }
}

interface Prepared {
  readonly world: World;
  readonly binaries: ServiceBinaries;
}

/** Everything that needs no release: clusters, Azure, binaries and bundles, all at once. */
async function prepare(): Promise<Prepared> {
  terminal.title('Setting up');
  const note = (text: string): void => {
    terminal.note(text);
  };
  const starting = timed('the local world is up', () =>
    startWorld({
      directory: path.join(output, 'world'),
      nodes: nodes(),
      progress: note,
      signal: stop.signal,
    }),
  );
  // Awaited below; a world that fails while the services are still being built must not end the process by itself.
  starting.catch(() => undefined);
  try {
    const [binaries] = await Promise.all([
      timed('the services are built for two platforms', () => buildServiceBinaries(note)),
      timed('the four tasks are bundled', () => buildTasks()),
    ]);
    return { world: await starting, binaries };
  } catch (error) {
    await starting.then(
      (world) => world.stop(),
      () => undefined,
    );
    throw error;
  }
}

/** SANDBOX_NODES=simulated does without root what a machine without containerd does anyway. */
function nodes(): NodesWanted {
  const wanted = process.env['SANDBOX_NODES'] ?? 'auto';
  if (wanted === 'auto' || wanted === 'real' || wanted === 'simulated') return wanted;
  throw new Error(`SANDBOX_NODES is "${wanted}": it must be auto, real or simulated`);
}

async function timed<T>(text: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const result = await work();
  terminal.done(text, Date.now() - started);
  return result;
}

/** How it ended, and whether that is what it was meant to show. */
interface Ended {
  readonly asExpected: boolean;
  readonly text: string;
  readonly details: readonly string[];
}

async function release(prepared: Prepared): Promise<Ended> {
  const { world } = prepared;
  if (!flags.has('--broken')) {
    const before = await snapshotProduction(world);
    const { result, ci, rejected } = await deliver(prepared, modeOf(flags));
    return rejected ? untouched('Rejected', world, before) : arrived(world, ci, result);
  }
  const first = await deliver(prepared, 'yes');
  const good = await arrived(world, first.ci, first.result);
  if (!good.asExpected) return good;
  const before = await snapshotProduction(world);
  const second = await deliver(prepared, 'yes', { orders: 'crash' });
  if (second.result === 'failed' && second.stoppedAt === 'Staging') {
    return untouched('Stopped at staging', world, before);
  }
  return { asExpected: false, text: 'The broken version was not stopped at staging.', details: [] };
}

function modeOf(given: ReadonlySet<string>): ApprovalMode {
  return given.has('--yes') ? 'yes' : given.has('--reject') ? 'reject' : 'ask';
}

interface Delivered {
  readonly ci: CiResult;
  readonly result: Result;
  readonly stoppedAt: string | undefined;
  readonly rejected: boolean;
}

/** One release: CI, then CD as its YAML has it. */
async function deliver(
  { world, binaries }: Prepared,
  mode: ApprovalMode,
  faults?: ServiceVersion['faults'],
): Promise<Delivered> {
  const common = { tasks: taskOutputs, observer: new StageBlocks(terminal), signal: stop.signal };
  terminal.title(`CI (${ciPipeline})`);
  const started = Date.now();
  const ci = await runCi(world, {
    ...common,
    binaries,
    commit: commitOf(repository),
    ...(faults && { faults }),
    pushed: (_, image, digest) => {
      terminal.done(`${image} is ${short(digest)}`, Date.now() - started);
    },
  });
  if (!hasSucceeded(ci.outcome.result)) throw new Error('CI failed');
  terminal.title(`CD (${cdPipeline}), for CI run ${ci.run.number}`);
  const asked = new TerminalApproval(terminal, mode, async () => {
    const run = world.azure.devops.runs.at(-1);
    const written = run === undefined ? undefined : await writeResults(run, output);
    return written === undefined ? 'none yet' : path.relative(process.cwd(), written.reportFile);
  });
  const { run, outcome } = await runCd(world, { ...common, ci: ci.run, validation: asked });
  stop.signal.throwIfAborted();
  await writeResults(run, output);
  const stoppedAt = [...outcome.stages].find(([, stage]) => stage.result === 'failed')?.[0];
  return { ci, result: outcome.result, stoppedAt, rejected: asked.answer === 'rejected' };
}

async function arrived(world: World, ci: CiResult, result: Result): Promise<Ended> {
  if (!hasSucceeded(result)) return { asExpected: false, text: `The release ${result}.`, details: [] };
  const wrong = [
    ...(await compareToCi(world, 'staging', ci.digests)),
    ...(await compareToCi(world, 'production', ci.digests)),
  ];
  return wrong.length === 0
    ? {
        asExpected: true,
        text: 'Production runs the three images that CI pushed, digest for digest.',
        details: [],
      }
    : { asExpected: false, text: 'What runs is not what CI pushed.', details: wrong };
}

async function untouched(what: string, world: World, before: Production): Promise<Ended> {
  const after = await snapshotProduction(world);
  const changes = changesIn(before, after);
  const compared = `${before.objects.size} objects and ${before.registry.size} files of the registry compared`;
  return changes.length === 0
    ? { asExpected: true, text: `${what}: production is byte for byte as before (${compared}).`, details: [] }
    : { asExpected: false, text: `${what}, but production changed:`, details: changes };
}
