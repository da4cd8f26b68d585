import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseRelease, type Release } from '../../core/model/release.ts';
import { renderReport } from '../../core/report/report.ts';
import type { Run } from '../../sandbox/azure/devops-run.ts';

export interface Results {
  readonly release: Release;
  readonly releaseFile: string;
  readonly reportFile: string;
}

/** Writes the newest release record of a run, and the report made of it, into a folder. */
export async function writeResults(run: Run, folder: string): Promise<Results | undefined> {
  const newest = run.artifacts.findLast(({ name }) => name.startsWith('release'));
  if (newest === undefined) return undefined;
  const download = path.join(folder, '.artifact');
  await run.downloadArtifact(newest.name, download);
  const text = await readFile(path.join(download, 'release.json'), 'utf8');
  await rm(download, { recursive: true });
  const release = parseRelease(text);
  const releaseFile = path.join(folder, 'release.json');
  const reportFile = path.join(folder, 'report.html');
  await mkdir(folder, { recursive: true });
  await writeFile(releaseFile, text);
  await writeFile(reportFile, renderReport(release));
  return { release, releaseFile, reportFile };
}
