import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again every 50 ms until the answer is true. Throws what `ask` throws, and at the deadline what `late` makes of it.
 */
export async function until(
  ask: () => Promise<boolean>,
  milliseconds: number,
  late: () => Promise<Error>,
): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await ask())) {
    if (Date.now() > deadline) throw await late();
    await sleep(50);
  }
}
