import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Empties the demo's folder and marks it as ours. Two demos of one checkout would write over each other: the one that was
 * left up with --keep is easily forgotten.
 * @throws Error naming the process that has the folder
 */
export async function claimFolder(folder: string): Promise<void> {
  const mark = path.join(folder, 'process');
  const holder = Number(await readFile(mark, 'utf8').catch(() => ''));
  if (holder > 0 && isAlive(holder)) {
    throw new Error(
      `another demo of this checkout is up (process ${holder}): stop it with Ctrl-C, or kill ${holder}`,
    );
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(mark, String(process.pid));
}

export async function releaseFolder(folder: string): Promise<void> {
  await rm(path.join(folder, 'process'), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
