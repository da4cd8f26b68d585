import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkTaskDefinition, type TaskDefinition } from '../sandbox/agent/task-definition.ts';

/** An extension manifest, as far as it is checked: https://learn.microsoft.com/azure/devops/extend/develop/manifest */
export interface ExtensionManifest {
  readonly id: string;
  readonly publisher: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly categories: readonly string[];
  readonly icons: { readonly default: string };
  readonly content: {
    readonly details: { readonly path: string };
    readonly license: { readonly path: string };
  };
  readonly files: readonly { readonly path: string }[];
  readonly contributions: readonly {
    readonly id: string;
    readonly type: string;
    readonly properties: { readonly name: string };
  }[];
}

/**
 * What is wrong with a staged extension. tfx only warns of most of this, and the Marketplace or a user's run would be
 * the first to say it.
 */
export function checkExtension(root: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'vss-extension.json'), 'utf8')) as ExtensionManifest;
  const tasks = manifest.contributions.filter(({ type }) => type === 'ms.vss-distributed-task.task');
  const ids = new Set<string>();
  const problems = [...checkManifest(root, manifest)];
  for (const { id, properties } of tasks) {
    if (properties.name !== `tasks/${id}`) problems.push(`contribution ${id} points to ${properties.name}`);
    const found = checkTask(root, properties.name, manifest.version, ids);
    problems.push(...found.map((problem) => `${properties.name}: ${problem}`));
  }
  return problems;
}

function checkManifest(root: string, manifest: ExtensionManifest): readonly string[] {
  const problems: string[] = [];
  if (!/^[a-zA-Z0-9][a-zA-Z0-9-]+$/.test(manifest.id)) problems.push(`extension id ${manifest.id}`);
  if (!/^\d+\.\d+\.\d+$/.test(manifest.version)) problems.push(`extension version ${manifest.version}`);
  if (manifest.name.length > 200) problems.push('the name is longer than 200 characters');
  if (manifest.description.length > 200) problems.push('the description is longer than 200 characters');
  const { icons, content } = manifest;
  const files = [
    icons.default,
    content.details.path,
    content.license.path,
    ...manifest.files.map(({ path }) => path),
  ];
  for (const file of files) if (!existsSync(join(root, file))) problems.push(`${file} does not exist`);
  if (pngSize(join(root, icons.default)) !== '128x128') problems.push('the extension icon is not 128 x 128');
  return problems;
}

function checkTask(root: string, folder: string, version: string, ids: Set<string>): readonly string[] {
  const path = join(root, folder, 'task.json');
  if (!existsSync(path)) return ['has no task.json'];
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const found = checkTaskDefinition(parsed);
  if (found.length > 0) return found;
  const definition = parsed as TaskDefinition;
  const problems: string[] = [];
  const { Major, Minor, Patch } = definition.version;
  // Agents keep a task by its version: a change without a new one never reaches them.
  if (`${Major}.${Minor}.${Patch}` !== version)
    problems.push(`version ${Major}.${Minor}.${Patch}, not ${version}`);
  if (ids.has(definition.id)) problems.push(`the id ${definition.id} is taken`);
  ids.add(definition.id);
  for (const handler of ['Node20_1', 'Node24']) {
    const target = definition.execution[handler]?.target;
    if (target === undefined) problems.push(`no ${handler} handler`);
    else if (!existsSync(join(root, folder, target))) problems.push(`${target} does not exist`);
  }
  if (pngSize(join(root, folder, 'icon.png')) !== '32x32') problems.push('icon.png is not 32 x 32');
  return problems;
}

/** "32x32"; undefined for what is no PNG. Its size stands at a fixed place, in the first chunk. */
function pngSize(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  if (bytes.length < 24 || bytes.toString('latin1', 1, 4) !== 'PNG') return undefined;
  return `${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
}
