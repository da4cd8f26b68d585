import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { CommandHandler } from './command-handler.ts';

/** The area `build`. Agent: BuildCommandExtension.cs. */
export const buildCommands: Readonly<Record<string, CommandHandler>> = {
  addbuildtag: (step, { data }) => {
    if (data === '') throw new Error('Build tag is required.');
    // The service refuses it (https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands).
    if (data.includes(':')) throw new Error(`The build tag ${data} contains a colon.`);
    step.buildTags.push(data);
  },
  updatebuildnumber: (step, { data }) => {
    if (data === '') throw new Error('Build number is required.');
    step.variables.set('Build.BuildNumber', data);
  },
};

/** The area `artifact`. Agent: ArtifactCommandExtension.cs. */
export const artifactCommands: Readonly<Record<string, CommandHandler>> = {
  upload: (step, { properties, data }) => {
    const name = properties.get('artifactname');
    if (name === undefined) throw new Error('Artifact Name is required.');
    if (data === '') throw new Error('Artifact location is required.');
    if (!step.isBuild) throw new Error('Upload artifact command is not supported in a release.');
    const path = resolve(data);
    if (!existsSync(path)) throw new Error(`Path does not exist: ${data}`);
    if (statSync(path).isDirectory() && readdirSync(path).length === 0) {
      step.log.warning(`Directory '${path}' is empty. Nothing will be added to build artifact '${name}'.`);
      step.violate(`uploaded the empty folder ${path}`);
      return;
    }
    step.uploads.push({ kind: 'artifact', type: properties.get('containerfolder') ?? name, name, path });
  },
};

/** The area `results`. Agent: ResultsCommandExtension.cs. */
export const resultsCommands: Readonly<Record<string, CommandHandler>> = {
  publish: (step, { properties, data }) => {
    const files = (data.trim() === '' ? (properties.get('resultfiles') ?? '') : data).split(',');
    const type = properties.get('type');
    if (files.every((file) => file === '')) throw new Error('Argument "TestResults" is needed.');
    if (type === undefined) throw new Error('Argument "Testrunner" is needed.');
    for (const file of files) {
      if (!existsSync(file)) throw new Error(`Test results file ${file} does not exist.`);
      const name = properties.get('runtitle') ?? basename(file);
      step.uploads.push({ kind: 'testResults', type, name, path: file });
    }
  },
};
