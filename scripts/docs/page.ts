import { format } from './table.ts';
import type { DocumentedInput, DocumentedTask } from './task.ts';

const start = '<!-- from task.json: npm run docs -->';
const end = '<!-- end of what comes from task.json -->';

/** The page with its tables as task.json has them; a page without the markers gets them at its end. */
export function withTables(page: string, task: DocumentedTask): string {
  const tables = [start, '', ...tablesOf(task), end].join('\n');
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from >= 0 && to > from) return page.slice(0, from) + tables + page.slice(to + end.length);
  const head = page.trim() === '' ? `# ${task.friendlyName}\n\n${task.description}` : page.trimEnd();
  return `${head}\n\n${tables}\n`;
}

function tablesOf(task: DocumentedTask): readonly string[] {
  const lines = ['## Inputs', ''];
  const groups = [{ name: undefined, displayName: '' }, ...(task.groups ?? [])];
  for (const { name, displayName } of groups) {
    const inputs = task.inputs.filter((input) => input.groupName === name);
    if (inputs.length === 0) continue;
    if (displayName !== '') lines.push(`### ${displayName}`, '');
    lines.push(...format(['input', 'default', 'meaning'], inputs.map(rowOf)), '');
  }
  lines.push('## Outputs', '');
  const outputs = (task.outputVariables ?? []).map(({ name, description }) => [`\`${name}\``, description]);
  lines.push(...format(['output', 'meaning'], outputs), '');
  return lines;
}

function rowOf(input: DocumentedInput): readonly string[] {
  const { name, aliases = [], required, defaultValue, options, visibleRule, helpMarkDown, label } = input;
  const names = [name, ...aliases].map((each) => `\`${each}\``).join('<br>');
  const value = defaultValue === undefined || defaultValue === '' ? '' : `\`${defaultValue}\``;
  const parts = [
    helpMarkDown === undefined || helpMarkDown === '' ? `${label}.` : helpMarkDown,
    options === undefined ? '' : valuesOf(options),
    visibleRule === undefined ? '' : `Where \`${visibleRule}\`.`,
  ];
  const isNeeded = required === true && value === '';
  return [names, isNeeded ? '**required**' : value, parts.filter((part) => part !== '').join(' ')];
}

function valuesOf(options: Readonly<Record<string, string>>): string {
  const list = Object.entries(options).map(([value, label]) => `\`${value}\` (${lowerFirst(label)})`);
  return `One of ${list.join(', ')}.`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
