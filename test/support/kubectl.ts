import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { components } from '../../sandbox/build/components.ts';

/** kubectl of the clusters' own version: what it prints, or an error with what it complained about. */
export async function kubectl(kubeconfig: string, args: readonly string[], input?: unknown): Promise<string> {
  const { world } = await components(['world']);
  const child = spawn(world, ['kubectl', `--kubeconfig=${kubeconfig}`, ...args], { stdio: 'pipe' });
  child.stdin.end(input === undefined ? '' : JSON.stringify(input));
  const [output, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${complaint}`);
  return output;
}
