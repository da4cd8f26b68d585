import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a world with this bridge and directory has on the machine: processes, interfaces, routes, mounts, control groups. */
export async function tracesOf(bridge: string, directory: string): Promise<string[]> {
  const [processes, links, routes, mounts, groups] = await Promise.all([
    processesOf(bridge, directory),
    readdir('/sys/class/net'),
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
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = (await contentOf(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ');
    const group = await contentOf(`/proc/${pid}/cgroup`);
    const ours = command.includes(`${directory}/`) || group.includes(`aks-delivery-${bridge}-`);
    if (ours) found.push(`process ${pid} ${command}`);
  }
  return found;
}

/** Control groups one or two levels down: version 1 has a level more, the controller's. */
async function controlGroups(): Promise<string[]> {
  const root = '/sys/fs/cgroup';
  const names = await readdir(root);
  const below = await Promise.all(
    names.map((name) =>
      readdir(join(root, name)).then(
        (children) => children.map((child) => `${name}/${child}`),
        () => [],
      ),
    ),
  );
  return [...names, ...below.flat()];
}

async function lines(path: string): Promise<string[]> {
  return (await contentOf(path)).split('\n');
}

/** Empty where the process has just gone. */
async function contentOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
