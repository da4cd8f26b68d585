import assert from 'node:assert/strict';
import { expandMacros } from '../../../sandbox/agent/macro.ts';
import { Variables } from '../../../sandbox/agent/variables.ts';

const values: Readonly<Record<string, string>> = { a: '1', 'Build.BuildId': '42', nested: '$(a)', empty: '' };
const lookup = (name: string): string | undefined => values[name];

describe('macro expansion', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['replaces a name', 'v$(a)', 'v1'],
    ['replaces several', '$(a)-$(Build.BuildId)-$(a)', '1-42-1'],
    ['leaves an unknown name as it is', 'x $(unknown) $(a)', 'x $(unknown) 1'],
    ['does not look at what a value brings in', '$(nested)', '$(a)'],
    ['replaces by nothing', '[$(empty)]', '[]'],
    ['finds a name inside an unknown one', '$(x $(a))', '$(x 1)'],
    ['leaves a shell command', '$(kubectl get pods)', '$(kubectl get pods)'],
    ['leaves an empty name', '$()', '$()'],
    ['leaves what never ends', 'a $(b', 'a $(b'],
    ['leaves other notations', '${a} $[a] $a', '${a} $[a] $a'],
  ];
  for (const [name, text, expected] of cases) {
    it(name, () => {
      assert.equal(expandMacros(text, lookup), expected);
    });
  }
});

describe("a job's variables", () => {
  it('ignore case and keep the first spelling', () => {
    const variables = new Variables();
    variables.set('Build.BuildId', '1');
    variables.set('BUILD.BUILDID', '2');
    assert.deepEqual(variables.all(), [
      { name: 'Build.BuildId', value: '2', secret: false, readOnly: false },
    ]);
  });

  it('expand each other to the end', () => {
    const variables = new Variables();
    variables.set('a', '$(b)/x');
    variables.set('b', '$(c)');
    variables.set('c', 'deep');
    assert.equal(variables.get('A'), 'deep/x');
  });

  it('that name each other in a circle stay as they are written', () => {
    const variables = new Variables();
    variables.set('a', '$(b)');
    variables.set('b', '$(a)');
    assert.match(variables.get('a') ?? '', /\$\([ab]\)/);
  });

  it('that hold a secret are secret', () => {
    const variables = new Variables();
    variables.set('key', 'hunter2', { secret: true });
    variables.set('url', 'https://u:$(key)@host');
    assert.deepEqual(
      variables.all().map(({ name, secret }) => [name, secret]),
      [
        ['key', true],
        ['url', true],
      ],
    );
  });

  it('that were secret once stay secret', () => {
    const variables = new Variables();
    variables.set('key', 'a', { secret: true });
    variables.set('key', 'b');
    assert.equal(variables.all()[0]?.secret, true);
  });

  it("of the system's names are read-only", () => {
    const variables = new Variables();
    assert.equal(variables.isReadOnly('Agent.TempDirectory'), true);
    assert.equal(variables.isReadOnly('agentTemp'), false);
  });
});
