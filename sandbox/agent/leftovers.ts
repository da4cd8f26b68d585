import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** A process that a task started and left behind. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/**
 * Processes whose environment carries this step's instance id: children inherit it. Linux alone shows another process's
 * environment to its owner; elsewhere nothing is found.
 */
export function findLeftovers(instanceId: string): readonly Leftover[] {
  if (platform() !== 'linux') return [];
  return (
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) =>
        read(`/proc/${pid}/environ`).split('\0').includes(`SYSTEM_TASKINSTANCEID=${instanceId}`),
      )
      .map((pid) => ({
        pid: Number(pid),
        command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim(),
      }))
      // One that has ended and not been reaped has no command line any more.
      .filter(({ command }) => command !== '')
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Gone in the meantime, or somebody else's.
    return '';
  }
}
