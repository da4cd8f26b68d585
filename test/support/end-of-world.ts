import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tracesOf } from './traces.ts';

/** Starts a cluster in a process of its own, kills that with SIGKILL, and tells what was there before and 15 s after at most. */
export async function endOfWorld(
  directory: string,
  nodes: 'real' | 'simulated',
): Promise<{ bridge: string; before: string[]; after: string[] }> {
  const script = fileURLToPath(new URL('world-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, nodes], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [bridge] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const traces = async (): Promise<string[]> => {
    const found = await tracesOf(bridge, directory);
    // Its own command line names the directory too.
    return found.filter((trace) => !trace.startsWith(`process ${child.pid ?? 0} `));
  };
  const before = await traces();
  child.kill('SIGKILL');
  await once(child, 'close');
  let after = await traces();
  for (let attempt = 0; after.length > 0 && attempt < 150; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    after = await traces();
  }
  return { bridge, before, after };
}
