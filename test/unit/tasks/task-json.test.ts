import assert from 'node:assert/strict';
import { readdirSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isVariableAllowed } from '../../../sandbox/agent/restrictions.ts';
import { readTaskDefinition } from '../../../sandbox/agent/task-definition.ts';
import { readTaskSource } from '../../support/task-source.ts';

const tasks = resolve(import.meta.dirname, '../../../tasks');
const names = readdirSync(tasks).filter((name) => existsSync(join(tasks, name, 'task.json')));

it('there are four tasks', () => {
  assert.deepEqual(names, ['acceptance-gate', 'aks-deploy', 'promote-image', 'resolve-artifact']);
});

it('no two tasks have the same id or name', () => {
  const definitions = names.map((name) => readTaskDefinition(join(tasks, name)));
  assert.equal(new Set(definitions.map(({ id }) => id)).size, names.length);
  assert.equal(new Set(definitions.map((definition) => definition.name.toLowerCase())).size, names.length);
});

it('all tasks have one version', () => {
  const versions = names.map((name) => JSON.stringify(readTaskDefinition(join(tasks, name)).version));
  assert.equal(new Set(versions).size, 1);
});

for (const name of names) {
  describe(`the task.json of ${name}`, () => {
    const definition = readTaskDefinition(join(tasks, name));
    const inputs = definition.inputs ?? [];
    const source = readTaskSource(name);

    it('runs on the handlers of Node 20 and Node 24, and lets in every agent that has either', () => {
      assert.deepEqual(Object.keys(definition.execution), ['Node20_1', 'Node24']);
      assert.equal(definition.minimumAgentVersion, '3.232.1');
    });

    it('has every input that the code reads', () => {
      const known = new Set(inputs.map((input) => input.name));
      assert.deepEqual(
        [...source.read].filter((input) => !known.has(input)),
        [],
      );
    });

    it('has no input that the code does not read', () => {
      assert.deepEqual(
        inputs.map((input) => input.name).filter((input) => !source.handed.has(input)),
        [],
      );
    });

    it('offers the values that the code knows, where there is a choice', () => {
      for (const { name: input, options, properties } of inputs) {
        const choices = source.choices.get(input);
        if (options === undefined || properties?.['EditableOptions'] === 'True') continue;
        assert.deepEqual(Object.keys(options).sort(), [...(choices ?? [])].sort(), input);
      }
    });

    it('names every output that the code sets, and none that it does not', () => {
      // An output whose name is put together cannot be listed: a task.json names none but fixed ones.
      const declared = (definition.outputVariables ?? []).map((output) => output.name);
      const fixed = [...source.outputs].filter((output) => !output.includes('*'));
      assert.deepEqual(declared.sort(), fixed.sort());
    });

    it('lets the task set its outputs, and nothing else', () => {
      const allowed = definition.restrictions?.settableVariables?.allowed ?? ['*'];
      for (const output of source.outputs) {
        assert.ok(isVariableAllowed(definition.restrictions, output.replaceAll('*', 'x')), output);
      }
      for (const foreign of ['PATH', 'NODE_OPTIONS', 'System.Debug', 'anything']) {
        assert.equal(
          isVariableAllowed(definition.restrictions, foreign),
          false,
          `${foreign} by ${allowed.join()}`,
        );
      }
    });
  });
}
