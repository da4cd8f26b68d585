import { formatDuration } from '../model/duration.ts';
import type { CheckResult, GateVerdict, Release } from '../model/release.ts';
import { chart } from './chart.ts';
import { formatRepository } from '../model/reference.ts';
import { digest, fullDigest } from './digests.ts';
import { markup, time, type Html } from './html.ts';
import { runLink } from './path.ts';
import { badge } from './sign.ts';
import { count, toneOf } from './state.ts';
import { table } from './table.ts';

const order = ['failed', 'inconclusive', 'passed'] as const;

/** Every verdict, the newest first, its checks worst first: what failed must not have to be looked for. */
export function gates(release: Release): Html {
  if (release.verdicts.length === 0) {
    return markup`<section aria-labelledby="gates"><h2 id="gates">Checks</h2><p class="muted">No gate has judged this release.</p></section>`;
  }
  return markup`<section aria-labelledby="gates"><h2 id="gates">Checks</h2>${release.verdicts.toReversed().map((verdict) => gate(release, verdict))}</section>`;
}

function gate(release: Release, verdict: GateVerdict): Html {
  const checks = verdict.checks.toSorted(
    (one, other) =>
      Number(other.required) - Number(one.required) ||
      order.indexOf(one.verdict) - order.indexOf(other.verdict),
  );
  const took = Date.parse(verdict.finishedAt) - Date.parse(verdict.startedAt);
  return markup`<article class="card"><header><h3>${verdict.gate} in ${verdict.environment}</h3>${badge(toneOf(verdict.verdict), verdict.verdict)}</header>
<p class="reason">${verdict.reason}</p>
<p class="when">${time(verdict.finishedAt)}, measured for ${formatDuration(took)}${runLink(verdict.run)}</p>
${table(`Checks of gate ${verdict.gate} in ${verdict.environment}`, ['Check', 'Verdict', 'Why', 'Measured'], checks.map(row))}
${judged(release, verdict)}${evidence(verdict)}</article>`;
}

function row(check: CheckResult): Html {
  return markup`<tr><th scope="row">${check.name}<div class="muted">${check.kind}${check.required ? '' : ', advisory'}</div></th>
<td>${badge(toneOf(check.verdict), check.verdict)}</td><td class="why">${check.reason}</td>
<td>${(check.series ?? []).map(chart)}<div class="muted">${check.measurements === 1 ? '1 measurement' : `${check.measurements} measurements`}</div></td></tr>`;
}

function evidence(verdict: GateVerdict): Html {
  if (verdict.evidence === undefined) {
    return markup`<p class="evidence muted">No evidence was attached to the images: this record alone says so.</p>`;
  }
  const { keyId, attached } = verdict.evidence;
  const said =
    keyId === undefined
      ? markup`${badge('unknown', 'unsigned')} evidence`
      : markup`${badge('good', 'signed')} evidence by key <code title="${keyId}">${keyId.slice(0, 12)}</code>`;
  return markup`<details class="evidence"><summary>${said}, attached to ${count(attached.length, 'image')}</summary><ul>${attached.map(
    (one) =>
      markup`<li>${one.image}: <code>${formatRepository(one.repository)}@</code>${fullDigest(one.manifest)}</li>`,
  )}</ul></details>`;
}

/** A verdict is about digests. Where they are not the release's, that is said before anything else. */
function judged(release: Release, verdict: GateVerdict): Html {
  const foreign = verdict.images.filter(
    (judgedImage) =>
      !release.images.some(
        (image) => image.name === judgedImage.image && image.digest === judgedImage.digest,
      ),
  );
  if (foreign.length === 0) return markup``;
  return markup`<p class="alert bad">Judged other bytes than this release's: ${foreign.map((image) => markup`${image.image} ${digest(image.digest)} `)}</p>`;
}
