import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { taskNames } from '../../../scripts/build.ts';
import { readDocumentedTask, type DocumentedInput } from '../../../scripts/docs/task.ts';
import { checkout, codeBlocksOf, pages, textOf } from '../../support/docs/pages.ts';

const tasks = new Map<string, Definition>(
  taskNames().map((name) => {
    const { name: id, version, inputs } = readDocumentedTask(join(checkout, 'tasks', name));
    const known = new Set(inputs.flatMap((input) => [input.name, ...(input.aliases ?? [])]));
    const required = inputs.filter(
      (input) =>
        input.required === true && input.defaultValue === undefined && input.visibleRule === undefined,
    );
    return [`${id}@${version.Major}`, { known, required }] as const;
  }),
);

interface Definition {
  readonly known: ReadonlySet<string>;
  readonly required: readonly DocumentedInput[];
}

interface Step {
  readonly task: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

/** Every step of a YAML document, wherever in it. */
function stepsOf(value: unknown): readonly Step[] {
  if (Array.isArray(value)) return value.flatMap(stepsOf);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'task' in value && typeof value.task === 'string' ? [value as Step] : [];
  return [...own, ...Object.values(value).flatMap(stepsOf)];
}

describe('YAML samples of the documentation', () => {
  for (const page of pages) {
    for (const { language, text, line } of codeBlocksOf(textOf(page))) {
      if (language !== 'yaml' && language !== 'yml') continue;
      it(`${page}:${line} parses, and gives tasks of ours the inputs that they have`, () => {
        const documents = parseAllDocuments(text);
        const wrong: string[] = [];
        for (const document of 'empty' in documents ? [] : documents) {
          assert.deepEqual(document.errors, []);
          for (const { task, inputs = {} } of stepsOf(document.toJS())) {
            const definition = tasks.get(task);
            const isOurs = [...tasks.keys()].some((name) => name.split('@')[0] === task.split('@')[0]);
            if (isOurs && definition === undefined) wrong.push(`${task}: there is no such version`);
            if (definition === undefined) continue;
            for (const input of Object.keys(inputs)) {
              if (!definition.known.has(input)) wrong.push(`${task}: ${input}`);
            }
            // A bare list of steps is an excerpt; what has `steps:` around it is to be copied whole.
            if (Array.isArray(document.toJS())) continue;
            for (const { name, aliases = [] } of definition.required) {
              if (![name, ...aliases].some((each) => each in inputs)) wrong.push(`${task}: lacks ${name}`);
            }
          }
        }
        assert.deepEqual(wrong, []);
      });
    }
  }

  it('show every task at least once', () => {
    const shown = new Set(
      pages
        .flatMap((page) => codeBlocksOf(textOf(page)))
        .filter(({ language }) => language === 'yaml')
        .flatMap(({ text }) => [...text.matchAll(/task: (\S+)/g)].map(([, task]) => task)),
    );
    for (const task of tasks.keys()) assert.ok(shown.has(task), task);
  });
});
