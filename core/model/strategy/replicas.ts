/** How many pods each side runs. */
export interface Counts {
  readonly canary: number;
  readonly stable: number;
}

/**
 * The pods that come nearest to a weight when a Service spreads its requests evenly over all of them, as Argo Rollouts
 * decides it (docs "Canary Deployment Strategy and Operation"; the rows of its own tests are in ours): the total is the
 * wanted one, or one more where a surge is allowed; a weight between 0 and 100 leaves neither side without pods unless a
 * single pod without surge is all there is; between two equally near answers the one with more canary pods and without
 * surge is taken.
 * @param replicas what the workload is to run in all
 * @param weight percent for the canary
 */
export function approximateCounts(replicas: number, weight: number, maxSurge: number): Counts {
  if (replicas === 0) return { canary: 0, stable: 0 };
  const isWhole = weight <= 0 || weight >= 100;
  const mayBeEmpty = isWhole || (replicas === 1 && maxSurge === 0);
  const exact = (replicas * weight) / 100;
  const [up, down] = [Math.ceil(exact), Math.floor(exact)];
  const candidates: { canary: number; total: number }[] = [];
  if (up < replicas || mayBeEmpty) candidates.push({ canary: up, total: replicas });
  if (down > 0 || mayBeEmpty) candidates.push({ canary: down, total: replicas });
  if (maxSurge > 0) {
    candidates.push({ canary: up, total: replicas + 1 });
    if (down > 0 || mayBeEmpty) candidates.push({ canary: down, total: replicas + 1 });
  }
  const distance = ({ canary, total }: { canary: number; total: number }): number =>
    Math.abs((canary * 100) / total - weight);
  const [first = { canary: 0, total: replicas }, ...others] = candidates;
  let best = first;
  for (const candidate of others) {
    // Tenths of a billionth: below it the difference is only that of binary fractions.
    if (distance(candidate) < distance(best) - 1e-10) best = candidate;
  }
  return { canary: best.canary, stable: best.total - best.canary };
}

/**
 * Canary pods beside a stable workload that keeps all of its own: the least number whose share of all pods is nearest to
 * the weight, and never none for a weight above zero. At 100 the canary is as large as the stable workload.
 */
export function addedCounts(stable: number, weight: number): Counts {
  if (weight <= 0) return { canary: 0, stable };
  if (weight >= 100) return { canary: Math.max(1, stable), stable };
  const exact = (stable * weight) / (100 - weight);
  const candidates = [Math.floor(exact), Math.ceil(exact)].map((count) => Math.max(1, count));
  const distance = (canary: number): number => Math.abs(achievedShare({ canary, stable }) - weight);
  const [down = 1, up = 1] = candidates;
  // Never more canary pods than stable ones have: beyond half, capacity is what promotion is for.
  const nearest = distance(up) < distance(down) - 1e-10 ? up : down;
  return { canary: Math.min(nearest, Math.max(1, stable)), stable };
}

/** Canary pods for traffic that is split elsewhere: enough for their share of the load, one at least. */
export function routedCounts(stable: number, weight: number): Counts {
  if (weight <= 0) return { canary: 0, stable };
  return { canary: Math.max(1, Math.ceil((stable * weight) / 100)), stable };
}

/** Percent of the pods that are canary pods. */
export function achievedShare({ canary, stable }: Counts): number {
  return canary + stable === 0 ? 0 : (canary * 100) / (canary + stable);
}

/** `27.3`: a share as people read it. */
export function formatShare(share: number): string {
  return String(Math.round(share * 10) / 10);
}
