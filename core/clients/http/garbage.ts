import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Every piece of a body that node reads is a buffer of its own, and V8 lets some 50 MB of them pile up before it looks:
// they lie outside the heap that it watches. A look at the young ones takes a millisecond.
const interval = 4 * 1024 * 1024;

type Collect = (options: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;
let passed = 0;

/** Told of every piece of a body that was passed on; keeps what is dead from piling up. */
export function passedOn(bytes: number): void {
  passed += bytes;
  if (passed < interval) return;
  passed = 0;
  collect ??= expose();
  collect({ type: 'minor' });
}

/** The collector cannot be reached without the flag, and the agent starts node without flags. */
function expose(): Collect {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('gc');
  return typeof found === 'function' ? (found as Collect) : (): void => undefined;
}
