import type { Deployment, GateVerdict, Promotion, Release } from '../model/release.ts';

/** Never shown by colour alone: each has its sign and its word. */
export type Tone = 'good' | 'bad' | 'unknown' | 'neutral';

/** One thing that happened to the release, in the words of the page's path. */
export type Step =
  | { readonly kind: 'created'; readonly at: string }
  | { readonly kind: 'deployment'; readonly at: string; readonly deployment: Deployment }
  | { readonly kind: 'verdict'; readonly at: string; readonly verdict: GateVerdict }
  | { readonly kind: 'promotion'; readonly at: string; readonly promotions: readonly Promotion[] };

export interface ReleaseState {
  readonly tone: Tone;
  /** What a person reads first: "Runs in production". */
  readonly headline: string;
  /** Why, in one line. */
  readonly reason: string;
}

/** Everything that happened, oldest first. Promotions to one registry in one go are one step. */
export function stepsOf(release: Release): readonly Step[] {
  const promotions = new Map<string, Promotion[]>();
  for (const promotion of release.promotions) {
    const key = `${promotion.run?.id ?? promotion.at} ${promotion.to.registry}`;
    promotions.set(key, [...(promotions.get(key) ?? []), promotion]);
  }
  const steps: Step[] = [
    ...release.deployments.map((deployment): Step => ({
      kind: 'deployment',
      at: deployment.finishedAt,
      deployment,
    })),
    ...release.verdicts.map((verdict): Step => ({ kind: 'verdict', at: verdict.finishedAt, verdict })),
    ...[...promotions.values()].map((group): Step => ({
      kind: 'promotion',
      at: group.at(-1)?.at ?? release.createdAt,
      promotions: group,
    })),
  ];
  const order = steps.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return [{ kind: 'created', at: release.createdAt }, ...order];
}

/** The state of the release is what its last step left. */
export function stateOf(release: Release): ReleaseState {
  const last = stepsOf(release).at(-1);
  switch (last?.kind) {
    case 'deployment':
      return afterDeployment(last.deployment);
    case 'verdict':
      return afterVerdict(last.verdict);
    case 'promotion': {
      const registries = [...new Set(last.promotions.map((promotion) => promotion.to.registry))];
      return {
        tone: 'neutral',
        headline: `Promoted to ${registries.join(' and ')}`,
        reason: `${count(last.promotions.length, 'image')} copied by digest; not deployed from there yet`,
      };
    }
    case 'created':
    case undefined:
      return {
        tone: 'neutral',
        headline: 'Resolved',
        reason: `${count(release.images.length, 'image')} by digest; deployed nowhere yet`,
      };
  }
}

function afterDeployment(deployment: Deployment): ReleaseState {
  const { environment, cluster, outcome } = deployment;
  switch (outcome) {
    case 'succeeded':
      return {
        tone: 'good',
        headline: `Runs in ${environment}`,
        reason: `${count(deployment.images.length, 'image')} rolled out to ${cluster} by digest`,
      };
    case 'failed':
      return {
        tone: 'bad',
        headline: `Deployment to ${environment} failed`,
        reason: deployment.reason ?? `the rollout to ${cluster} did not succeed`,
      };
    case 'rolledBack':
      return {
        tone: 'bad',
        headline: `Rolled back in ${environment}`,
        reason: deployment.reason ?? `the rollout to ${cluster} did not succeed`,
      };
  }
}

function afterVerdict(verdict: GateVerdict): ReleaseState {
  const { environment, reason } = verdict;
  switch (verdict.verdict) {
    case 'passed':
      return { tone: 'good', headline: `Accepted in ${environment}`, reason };
    case 'failed':
      return { tone: 'bad', headline: `Rejected in ${environment}`, reason };
    case 'inconclusive':
      return { tone: 'unknown', headline: `Not decided in ${environment}`, reason };
  }
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

export function toneOf(outcome: GateVerdict['verdict'] | Deployment['outcome']): Tone {
  switch (outcome) {
    case 'passed':
    case 'succeeded':
      return 'good';
    case 'failed':
    case 'rolledBack':
      return 'bad';
    case 'inconclusive':
      return 'unknown';
  }
}

/** The environments in the order in which the release first came to them. */
export function environmentsOf(release: Release): readonly string[] {
  return [...new Set(release.deployments.map((deployment) => deployment.environment))];
}

/** What the image's last deployment to the environment left running there, by this record. */
export function lastDeployment(release: Release, environment: string, image: string): Deployment | undefined {
  return release.deployments.findLast(
    (deployment) =>
      deployment.environment === environment &&
      deployment.images.some((candidate) => candidate.image === image),
  );
}
