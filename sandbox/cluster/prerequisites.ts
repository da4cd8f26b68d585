import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../errors.ts';
import type { Progress } from '../progress.ts';

const run = promisify(execFile);

/** What a real node needs of the machine beside our own binary. */
export interface NodePrograms {
  readonly containerd: string;
  readonly ctr: string;
  /** Directory of the CNI plugins ptp, host-local and loopback. */
  readonly cni: string;
}

/** Programs by the Debian package that has them. */
const packages = {
  containerd: ['containerd', 'ctr', 'containerd-shim-runc-v2'],
  runc: ['runc'],
  'containernetworking-plugins': ['ptp', 'host-local', 'loopback'],
  iptables: ['iptables'],
} as const;

/** Debian's place and upstream's. */
const pluginDirectories = ['/usr/lib/cni', '/opt/cni/bin'];

/** The programs, or the packages that are missing. */
export async function findNodePrograms(): Promise<
  { readonly programs: NodePrograms } | { readonly missing: readonly string[] }
> {
  const missing: string[] = [];
  for (const [name, programs] of Object.entries(packages)) {
    for (const program of programs) {
      if ((await findProgram(program)) === undefined) {
        missing.push(name);
        break;
      }
    }
  }
  const [containerd, ctr, ptp] = await Promise.all(['containerd', 'ctr', 'ptp'].map(findProgram));
  if (containerd === undefined || ctr === undefined || ptp === undefined || missing.length > 0) {
    return { missing };
  }
  return { programs: { containerd, ctr, cni: join(ptp, '..') } };
}

/** Installs Debian packages, saying so first. Fails with `PackagesMissing`. */
export async function installPackages(names: readonly string[], progress: Progress): Promise<void> {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const command = ['install', '-y', '--no-install-recommends', ...names];
  progress(`real nodes need ${names.join(', ')}: apt-get ${command.join(' ')}`);
  try {
    await run('apt-get', ['update'], { env: environment });
    await run('apt-get', command, { env: environment, maxBuffer: 16 << 20 });
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new SandboxError(
      'PackagesMissing',
      `apt-get could not install ${names.join(', ')}: ${stderr ?? message}`,
      {
        hint: 'Install them by hand, or ask for simulated nodes.',
        cause: error,
      },
    );
  }
}

export async function canInstallPackages(): Promise<boolean> {
  return (await findProgram('apt-get')) !== undefined;
}

/** Looks where daemons find programs too: a user's PATH often has no sbin. */
async function findProgram(name: string): Promise<string | undefined> {
  const path = (process.env['PATH'] ?? '').split(':').filter((directory) => directory !== '');
  for (const directory of [...path, '/usr/sbin', '/sbin', ...pluginDirectories]) {
    const candidate = join(directory, name);
    const found = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  return undefined;
}
