import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a world with this bridge and directory has on the machine: processes, interfaces, routes, mounts, control groups. */
export async function tracesOf(bridge: string, directory: string): Promise<string[]> {
  const [processes, links, routes, mounts, groups] = await Promise.all([
    processesOf(bridge, directory),
    namesIn('/sys/class/net'),
    lines('/proc/net/route'),
    lines('/proc/self/mountinfo'),
    controlGroups(),
  ]);
  return [
    ...processes,
    ...links.filter((link) => link.startsWith(bridge)).map((link) => `interface ${link}`),
    ...routes.filter((route) => route.startsWith(`${bridge}\t`)).map((route) => `route ${route}`),
    ...mounts.filter((mount) => mount.includes(directory)).map((mount) => `mount ${mount}`),
    ...groups.filter((group) => group.includes(`aks-delivery-${bridge}-`)).map((group) => `group ${group}`),
  ];
}

async function processesOf(bridge: string, directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const { pid, command } of await processes()) {
    const group = await contentOf(`/proc/${pid}/cgroup`);
    const ours = command.includes(`${directory}/`) || group.includes(`aks-delivery-${bridge}-`);
    if (ours) found.push(`process ${pid} ${command}`);
  }
  return found;
}

/** Every process of the machine, on any Unix. */
export async function processes(): Promise<{ pid: string; command: string }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,args='], { maxBuffer: 16 << 20 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(.*)$/.exec(line))
    .map((match) => ({ pid: match?.[1] ?? '', command: match?.[2] ?? '' }));
}

/** Control groups one or two levels down: version 1 has a level more, the controller's. */
async function controlGroups(): Promise<string[]> {
  const root = '/sys/fs/cgroup';
  const names = await namesIn(root);
  const below = await Promise.all(
    names.map(async (name) => (await namesIn(join(root, name))).map((child) => `${name}/${child}`)),
  );
  return [...names, ...below.flat()];
}

/** None where there is no such directory, as on a Mac. */
async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

async function lines(path: string): Promise<string[]> {
  return (await contentOf(path)).split('\n');
}

/** Empty where the process has just gone. */
async function contentOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
