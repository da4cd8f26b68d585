import assert from 'node:assert/strict';
import { LineSplitter } from '../../../sandbox/agent/line-splitter.ts';
import { isCommandAllowed, isVariableAllowed } from '../../../sandbox/agent/restrictions.ts';
import { prepareInputs, type StepInputs } from '../../../sandbox/agent/step-inputs.ts';
import { mergeResults, parseResult, type AgentResult } from '../../../sandbox/agent/step-result.ts';
import { readTaskDefinition } from '../../../sandbox/agent/task-definition.ts';
import type { ServiceConnection } from '../../../sandbox/agent/service-connection.ts';

describe("a process's output", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['is cut at line ends of every kind', ['a\nb\r\nc\rd\n'], ['a', 'b', 'c', 'd']],
    ['joins a line that comes in pieces', ['hel', 'lo\nwor', 'ld\n'], ['hello', 'world']],
    ['takes CR and LF in two pieces for one end', ['a\r', '\nb\n'], ['a', 'b']],
    ['keeps blank lines', ['a\n\nb\n'], ['a', '', 'b']],
    ['ends with a line that does not end', ['a\nb'], ['a', 'b']],
    ['ends with a lone CR', ['a\r'], ['a']],
  ];
  for (const [name, chunks, expected] of cases) {
    it(name, () => {
      const lines: string[] = [];
      const splitter = new LineSplitter((line) => lines.push(line));
      for (const chunk of chunks) splitter.push(Buffer.from(chunk));
      splitter.end();
      assert.deepEqual(lines, expected);
    });
  }

  it('keeps a character whole that comes in pieces', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const byte of Buffer.from('✓\n')) splitter.push(Buffer.from([byte]));
    assert.deepEqual(lines, ['✓']);
  });
});

describe("a step's result", () => {
  for (const text of ['succeeded', 'Cancelled', 'SUCCEEDED', 'Success', '6', '']) {
    it(`'${text}' is none`, () => {
      assert.equal(parseResult(text), undefined);
    });
  }

  it('is known by its name, and by its number', () => {
    assert.equal(parseResult('Canceled'), 'Canceled');
    assert.equal(parseResult('2'), 'Failed');
  });

  const merges: readonly (readonly [AgentResult | undefined, AgentResult, AgentResult])[] = [
    [undefined, 'Succeeded', 'Succeeded'],
    ['Succeeded', 'SucceededWithIssues', 'SucceededWithIssues'],
    ['Failed', 'Succeeded', 'Failed'],
    ['Failed', 'Canceled', 'Canceled'],
    ['Canceled', 'Failed', 'Canceled'],
    ['Skipped', 'Canceled', 'Skipped'],
  ];
  for (const [current, coming, expected] of merges) {
    it(`${current ?? 'nothing'} and ${coming} make ${expected}`, () => {
      assert.equal(mergeResults(current, coming), expected);
    });
  }
});

describe("a task's restrictions", () => {
  it('forbid what leaves the log when they are strict', () => {
    const strict = { commands: { mode: 'restricted' as const } };
    assert.equal(isCommandAllowed(strict, 'task.uploadsummary'), false);
    assert.equal(isCommandAllowed(strict, 'task.logissue'), true);
    assert.equal(isCommandAllowed({ commands: { mode: 'any' } }, 'task.uploadsummary'), true);
  });

  const variables: readonly (readonly [readonly string[] | undefined, string, boolean])[] = [
    [undefined, 'PATH', true],
    [[], 'PATH', false],
    [['digest'], 'Digest', true],
    [['digest_*'], 'digest_web', true],
    [['digest_*'], 'my_digest_web', false],
    [['a.b'], 'axb', false],
  ];
  for (const [allowed, name, expected] of variables) {
    it(`of ${allowed === undefined ? 'no list' : `[${allowed.join()}]`} let ${name} ${expected ? 'pass' : 'not pass'}`, () => {
      const restrictions = allowed === undefined ? {} : { settableVariables: { allowed } };
      assert.equal(isVariableAllowed(restrictions, name), expected);
    });
  }
});

const azure: ServiceConnection = {
  id: '0D2F1B44-3C60-4F0E-9D4B-6B8A2A1F7C11',
  name: 'contoso-staging',
  type: 'azurerm',
  url: 'https://management.azure.com/',
  authorization: { scheme: 'ServicePrincipal', parameters: {} },
};
const docker: ServiceConnection = {
  ...azure,
  id: azure.id.replace('0D', '1D'),
  name: 'acr',
  type: 'dockerregistry',
};

function prepare(given: Readonly<Record<string, string>>): StepInputs {
  return prepareInputs(readTaskDefinition('test/support/fixture-task'), given, {
    variable: (name) => ({ 'Build.BuildNumber': '7', which: 'contoso-staging' })[name],
    environment: { HOME: '/home/agent' },
    serviceConnections: [azure, docker],
    root: '/work/s',
  });
}

describe("a step's inputs", () => {
  it('have defaults, expanded', () => {
    assert.equal(prepare({ action: 'x' }).values.get('text'), 'from 7');
  });

  it('are known by their aliases, in any case, and trimmed', () => {
    assert.equal(prepare({ Action: 'x', WORDS: ' hi ' }).values.get('text'), 'hi');
  });

  it("expand the agent's own environment after the variables", () => {
    assert.equal(
      prepare({ action: 'x', text: '$(HOME) $(unknown)' }).values.get('text'),
      '/home/agent $(unknown)',
    );
  });

  it('that are file paths start at the sources, the blank one too', () => {
    assert.equal(prepare({ action: 'x', file: 'a/b' }).values.get('file'), '/work/s/a/b');
    assert.equal(prepare({ action: 'x' }).values.get('file'), '/work/s');
  });

  it('name connections by name or id and carry the lower-case id', () => {
    for (const name of ['Contoso-Staging', azure.id, '$(which)']) {
      const { values, connections } = prepare({ action: 'x', azureSubscriptionConnection: name });
      assert.equal(values.get('azureSubscription'), azure.id.toLowerCase());
      assert.deepEqual(connections, [azure]);
    }
  });

  it('show a task no connection that it did not name', () => {
    assert.deepEqual(prepare({ action: 'x' }).connections, []);
  });

  it('pass on a connection that does not exist, as a late name does', () => {
    const { values, connections } = prepare({ action: 'x', azureSubscription: 'gone' });
    assert.equal(values.get('azureSubscription'), 'gone');
    assert.deepEqual(connections, []);
  });

  it('refuse a connection of another type', () => {
    assert.throws(
      () => prepare({ action: 'x', azureSubscription: 'acr' }),
      /type AzureRM; acr is of dockerregistry/,
    );
  });

  it('refuse what the task does not have, and miss what it requires', () => {
    assert.throws(() => prepare({ action: 'x', colour: 'red' }), /no input colour/);
    assert.throws(() => prepare({}), /requires the input action/);
  });
});
