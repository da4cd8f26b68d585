import { formatRepository } from '../model/reference.ts';
import { locationsOf, type Deployment, type Release, type ReleaseImage } from '../model/release.ts';
import { formatBytes } from './chart.ts';
import { bareDigest, digest, fullDigest } from './digests.ts';
import { link, markup, time, type Html } from './html.ts';
import { runLink } from './path.ts';
import { badge } from './sign.ts';
import { environmentsOf, lastDeployment, toneOf } from './state.ts';
import { table } from './table.ts';

/** Which bytes the release is, and what runs where: the second thing that a person asks. */
export function images(release: Release): Html {
  const environments = environmentsOf(release);
  const rows = release.images.map(
    (
      image,
    ) => markup`<tr><th scope="row">${image.name}${image.version === undefined ? '' : markup` <span class="muted">${image.version}</span>`}</th>
<td>${digest(image.digest)}</td>${environments.map((environment) => cell(release, image, environment))}</tr>`,
  );
  return markup`<section aria-labelledby="images"><h2 id="images">Images and where they run</h2>
${table('Images by digest and what runs in each environment', ['Image', 'This release', ...environments], rows)}
<details><summary>Full digests, sources and registries</summary><dl class="images">${release.images.map((image) => details(release, image))}</dl></details>
</section>`;
}

function cell(release: Release, image: ReleaseImage, environment: string): Html {
  const deployment = lastDeployment(release, environment, image.name);
  if (deployment === undefined) return markup`<td>${badge('neutral', 'not deployed')}</td>`;
  const deployed = deployment.images.find((candidate) => candidate.image === image.name);
  const { previous } = deployed ?? {};
  const unchanged = previous !== undefined && previous === deployed?.digest;
  return markup`<td>${badge(toneOf(deployment.outcome), running(deployment))}<div class="before">${
    unchanged
      ? 'as before'
      : previous === undefined
        ? markup`<span class="muted">nothing known before</span>`
        : deployment.outcome === 'succeeded'
          ? markup`${bareDigest(previous)} <span aria-hidden="true">→</span><span class="hidden">to</span> ${bareDigest(deployed?.digest ?? image.digest)}`
          : markup`before: ${bareDigest(previous)}`
  }</div></td>`;
}

function running(deployment: Deployment): string {
  switch (deployment.outcome) {
    case 'succeeded':
      return 'runs';
    case 'failed':
      return 'failed';
    case 'rolledBack':
      return 'rolled back';
  }
}

function details(release: Release, image: ReleaseImage): Html {
  const facts: readonly (readonly [string, Html])[] = [
    ['Digest', fullDigest(image.digest)],
    ['Asked for', markup`<code>${image.source}</code>`],
    [
      'Held by',
      markup`${locationsOf(release, image).map((place) => markup`<code>${formatRepository(place)}</code> `)}`,
    ],
    ['Platforms', markup`${image.platforms.join(', ')}, ${formatBytes(image.size)}`],
    ...(image.commit === undefined ? [] : [['Commit', commit(release, image.commit)] as const]),
    ...(image.run === undefined
      ? []
      : [
          [
            'Built by',
            markup`${link(image.run.url, [image.run.pipeline ?? 'run', image.run.number ?? image.run.id].join(' '))}`,
          ] as const,
        ]),
  ];
  return markup`<div><dt>${image.name}</dt>${facts.map(([name, value]) => markup`<dd><span>${name}</span> ${value}</dd>`)}</div>`;
}

/** Where the sources are a web page that shows commits, the commit is a link. */
function commit(release: Release, id: string): Html {
  const repository = release.source?.repository;
  const isWebPage =
    repository !== undefined && /^https:\/\/(?:github\.com|dev\.azure\.com)\//.test(repository);
  const url = isWebPage
    ? `${repository.replace(/(?:\.git)?\/?$/, '')}/commit/${encodeURIComponent(id)}`
    : undefined;
  return link(url, markup`<code title="${id}">${id.slice(0, 12)}</code>`);
}

/** The environments that this release has touched, so that it is plain which it has not. */
export function whereItIs(release: Release): Html {
  const environments = environmentsOf(release);
  if (environments.length === 0)
    return markup`<p class="here muted">No environment was changed by this release.</p>`;
  return markup`<p class="here"><span class="muted">Changed by this release:</span>${environments.map(
    (environment) => {
      const last = release.deployments.findLast((deployment) => deployment.environment === environment);
      return badge(toneOf(last?.outcome ?? 'failed'), environment);
    },
  )}<span class="muted">and no other environment.</span></p>`;
}

/** Commit, branch and the run that built it, for the head of the page. */
export function origin(release: Release): Html {
  const { source, run } = release;
  return markup`<p class="origin">${time(release.createdAt)}${
    source?.commit === undefined ? '' : markup` · commit ${commit(release, source.commit)}`
  }${source?.branch === undefined ? '' : markup` · ${source.branch}`}${runLink(run)}</p>`;
}
