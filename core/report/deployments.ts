import { formatDuration } from '../model/duration.ts';
import type { Action, DeployedObject, Deployment, Release } from '../model/release.ts';
import { markup, time, type Html } from './html.ts';
import { outcomeWord, runLink } from './path.ts';
import { badge } from './sign.ts';
import { toneOf } from './state.ts';
import { table } from './table.ts';

const words: Readonly<Record<Action, string>> = {
  created: 'created',
  configured: 'changed',
  deleted: 'deleted',
  skipped: 'skipped',
  unchanged: 'unchanged',
};

const quiet: readonly Action[] = ['unchanged'];

export function deployments(release: Release): Html {
  if (release.deployments.length === 0) return markup``;
  return markup`<section aria-labelledby="deployments"><h2 id="deployments">Deployments</h2>${release.deployments.toReversed().map(deployment)}</section>`;
}

function deployment(deployed: Deployment): Html {
  const took = Date.parse(deployed.finishedAt) - Date.parse(deployed.startedAt);
  const changed = deployed.objects.filter((object) => !quiet.includes(object.action));
  const rest = deployed.objects.filter((object) => quiet.includes(object.action));
  const place = `${deployed.cluster}${deployed.namespace === undefined ? '' : ` / ${deployed.namespace}`}`;
  return markup`<article class="card"><header><h3>${deployed.environment}</h3>${badge(toneOf(deployed.outcome), outcomeWord(deployed.outcome))}</header>
${deployed.reason === undefined ? '' : markup`<p class="reason">${deployed.reason}</p>`}
<p class="when">${place} · ${strategyWord(deployed.strategy)} · ${time(deployed.finishedAt)}, took ${formatDuration(took)}${runLink(deployed.run)}</p>
<p>${tally(deployed.objects)}</p>
${changed.length === 0 ? '' : table(`Objects changed in ${deployed.environment}`, ['Object', 'Action'], changed.map(row))}
${
  rest.length === 0
    ? ''
    : markup`<details><summary>${rest.length} unchanged</summary>${table(`Unchanged objects in ${deployed.environment}`, ['Object', 'Action'], rest.map(row))}</details>`
}</article>`;
}

function row(object: DeployedObject): Html {
  return markup`<tr><th scope="row"><span class="muted">${object.kind}</span> ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}</th>
<td><span class="action ${object.action}">${words[object.action]}</span></td></tr>`;
}

function tally(objects: readonly DeployedObject[]): string {
  if (objects.length === 0) return 'No objects were recorded.';
  const parts = (Object.keys(words) as Action[]).flatMap((action) => {
    const number = objects.filter((object) => object.action === action).length;
    return number === 0 ? [] : [`${number} ${words[action]}`];
  });
  return `${parts.join(', ')}.`;
}

function strategyWord(strategy: Deployment['strategy']): string {
  return strategy === 'blueGreen' ? 'blue-green' : strategy;
}
