import { formatDuration } from '../model/duration.ts';
import type { Release, Run } from '../model/release.ts';
import { link, markup, time, type Html, type Part } from './html.ts';
import { sign } from './sign.ts';
import { count, stepsOf, toneOf, type Step, type Tone } from './state.ts';

/** The way of the release, step by step: what a person asks after the verdict. */
export function path(release: Release): Html {
  return markup`<section aria-labelledby="path"><h2 id="path">What happened</h2>
<ol class="path">${stepsOf(release).map((step) => item(release, step))}</ol></section>`;
}

interface Shown {
  readonly tone: Tone;
  readonly word: string;
  readonly title: Part;
  readonly detail: Part;
  readonly run: Run | undefined;
}

function item(release: Release, step: Step): Html {
  const shown = show(release, step);
  return markup`<li class="${shown.tone}">${sign(shown.tone)}<div><b>${shown.title}</b> <span class="word">${shown.word}</span>
<p>${shown.detail}</p><p class="when">${time(step.at)}${runLink(shown.run)}</p></div></li>`;
}

function show(release: Release, step: Step): Shown {
  switch (step.kind) {
    case 'created':
      return {
        tone: 'neutral',
        word: 'resolved',
        title: 'Images',
        detail: count(release.images.length, 'image'),
        run: release.run,
      };
    case 'deployment': {
      const { deployment } = step;
      const took = Date.parse(deployment.finishedAt) - Date.parse(deployment.startedAt);
      return {
        tone: toneOf(deployment.outcome),
        word: outcomeWord(deployment.outcome),
        title: deployment.environment,
        detail: markup`${deployment.cluster}${deployment.namespace === undefined ? '' : ` / ${deployment.namespace}`}, ${formatDuration(took)}`,
        run: deployment.run,
      };
    }
    case 'verdict': {
      const { verdict } = step;
      const passed = verdict.checks.filter((check) => check.verdict === 'passed').length;
      return {
        tone: toneOf(verdict.verdict),
        word: verdict.verdict,
        title: `Gate ${verdict.gate}`,
        detail: `${verdict.environment}, ${passed} of ${count(verdict.checks.length, 'check')} passed`,
        run: verdict.run,
      };
    }
    case 'promotion': {
      const registries = [...new Set(step.promotions.map((promotion) => promotion.to.registry))];
      return {
        tone: 'good',
        word: 'promoted',
        title: registries.join(', '),
        detail: `${count(step.promotions.length, 'image')} by digest`,
        run: step.promotions.at(-1)?.run,
      };
    }
  }
}

export function outcomeWord(outcome: 'succeeded' | 'failed' | 'rolledBack'): string {
  return outcome === 'succeeded' ? 'deployed' : outcome === 'failed' ? 'failed' : 'rolled back';
}

export function runLink(run: Run | undefined): Html {
  if (run === undefined) return markup``;
  const name = [run.pipeline ?? 'run', run.number ?? run.id].join(' ');
  return markup`<span class="dot"> · </span>${link(run.url, name)}`;
}
