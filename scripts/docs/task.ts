import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DocumentedInput {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly required?: boolean;
  readonly defaultValue?: string;
  readonly aliases?: readonly string[];
  readonly options?: Readonly<Record<string, string>>;
  readonly visibleRule?: string;
  readonly groupName?: string;
  readonly helpMarkDown?: string;
}

/** What of a task.json people read. */
export interface DocumentedTask {
  readonly name: string;
  readonly friendlyName: string;
  readonly description: string;
  readonly version: { readonly Major: number };
  readonly groups?: readonly { readonly name: string; readonly displayName: string }[];
  readonly inputs: readonly DocumentedInput[];
  readonly outputVariables?: readonly { readonly name: string; readonly description: string }[];
}

export function readDocumentedTask(directory: string): DocumentedTask {
  return JSON.parse(readFileSync(join(directory, 'task.json'), 'utf8')) as DocumentedTask;
}
