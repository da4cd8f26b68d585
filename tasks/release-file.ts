import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Agent } from '../core/host/agent.ts';
import { DeliveryError, messageOf } from '../core/model/errors.ts';
import { formatRelease, parseRelease, type Release, type Run } from '../core/model/release.ts';

/** @throws DeliveryError `FileNotFound` or `ReleaseInvalid` */
export function readRelease(path: string): Release {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new DeliveryError(
      'FileNotFound',
      `the release record ${path} cannot be read (${messageOf(error)})`,
      {
        hint: 'Download the artifact that the previous stage published, and point releaseFile at its release.json.',
        cause: error,
      },
    );
  }
  return parseRelease(text, path);
}

/** Writes the record where later steps find it, and attaches it to the run. */
export function writeRelease(agent: Agent, path: string, release: Release): void {
  const text = agent.redact(formatRelease(release));
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw new DeliveryError(
      'FileInvalid',
      `the release record ${path} cannot be written (${messageOf(error)})`,
      {
        hint: 'Choose a releaseFile in a folder that the agent may write to.',
        cause: error,
      },
    );
  }
  agent.attach('aks-delivery.release', 'release.json', text);
}

/** The run as records name it. */
export function runOf(agent: Agent): Run {
  const { run } = agent.system;
  return { id: run.id, pipeline: run.pipeline.name, number: run.number, url: run.url };
}
