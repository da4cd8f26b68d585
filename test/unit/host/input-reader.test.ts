import assert from 'node:assert/strict';
import { InputReader } from '../../../core/host/input-reader.ts';
import type { Inputs } from '../../../core/host/inputs.ts';
import { DeliveryError } from '../../../core/model/errors.ts';

function inputs(value: string | undefined): Inputs {
  return new InputReader((name) => (name === 'thing' ? value : undefined), '/work/s');
}

function refusal(read: (inputs: Inputs) => unknown, value: string | undefined): DeliveryError {
  try {
    read(inputs(value));
  } catch (error) {
    assert.ok(error instanceof DeliveryError);
    return error;
  }
  throw new Error('nothing was refused');
}

function neverAsked(): never {
  throw new Error('asked about nothing');
}

describe('inputs', () => {
  const good: readonly (readonly [string, (inputs: Inputs) => unknown, string | undefined, unknown])[] = [
    ['text is trimmed', (i) => i.text('thing'), '  a b ', 'a b'],
    ['blank text is not given', (i) => i.text('thing'), ' \n ', undefined],
    ['text keeps a macro within other text', (i) => i.text('thing'), 'a $(b)', 'a $(b)'],
    ['required text is read', (i) => i.required('thing'), 'x', 'x'],
    ['a flag is true in any case', (i) => i.flag('thing'), 'True', true],
    ['a flag is false', (i) => i.flag('thing', true), 'false', false],
    ['a blank flag is the default', (i) => i.flag('thing', true), undefined, true],
    ['a blank flag without default is false', (i) => i.flag('thing'), '', false],
    ['lines drop blanks and comments', (i) => i.lines('thing'), 'a\r\n\n # no\n b ', ['a', 'b']],
    ['no lines are an empty list', (i) => i.lines('thing'), undefined, []],
    ['a choice ignores case', (i) => i.oneOf('thing', ['copy', 'import']), 'Import', 'import'],
    ['a blank choice is the default', (i) => i.oneOf('thing', ['copy', 'import'], 'copy'), '', 'copy'],
    ['a number within its bounds', (i) => i.integer('thing', { min: 1, max: 5 }), '5', 5],
    ['a negative number', (i) => i.integer('thing'), '-3', -3],
    ['a blank number is the default', (i) => i.integer('thing', { otherwise: 7 }), '', 7],
    ['a duration in milliseconds', (i) => i.duration('thing'), '1h30m', 5_400_000],
    ['a bare duration is seconds', (i) => i.duration('thing'), '90', 90_000],
    ['a blank duration is the default', (i) => i.duration('thing', { otherwise: 1000 }), undefined, 1000],
    ['a relative path starts at the working directory', (i) => i.path('thing'), 'a/../b', '/work/s/b'],
    ['an absolute path stays', (i) => i.path('thing'), '/x/y', '/x/y'],
    ['a parser gets the text', (i) => i.parsed('thing', Number), '12', 12],
    [
      'a parser is not asked about nothing',
      (i) => {
        i.parsed('thing', neverAsked);
      },
      '',
      undefined,
    ],
  ];
  for (const [name, read, value, expected] of good) {
    it(name, () => {
      assert.deepEqual(read(inputs(value)), expected);
    });
  }

  const bad: readonly (readonly [string, (inputs: Inputs) => unknown, string | undefined, string])[] = [
    ['a required input that is blank', (i) => i.required('thing'), ' ', 'InputMissing'],
    ['a choice that must be made', (i) => i.oneOf('thing', ['a']), undefined, 'InputMissing'],
    ['a flag that is neither', (i) => i.flag('thing'), 'yes', 'InputInvalid'],
    ['an unknown choice', (i) => i.oneOf('thing', ['copy', 'import']), 'move', 'InputInvalid'],
    ['a number with a unit', (i) => i.integer('thing'), '5 pods', 'InputInvalid'],
    ['a fraction', (i) => i.integer('thing'), '1.5', 'InputInvalid'],
    ['a number in another notation', (i) => i.integer('thing'), '0x10', 'InputInvalid'],
    ['a number beyond what is exact', (i) => i.integer('thing'), '99999999999999999999', 'InputInvalid'],
    ['a number too small', (i) => i.integer('thing', { min: 1 }), '0', 'InputInvalid'],
    ['a number too large', (i) => i.integer('thing', { max: 5 }), '6', 'InputInvalid'],
    ['a duration in words', (i) => i.duration('thing'), 'ten minutes', 'InputInvalid'],
    ['a duration too long', (i) => i.duration('thing', { max: 60_000 }), '2m', 'InputInvalid'],
    ['a variable that was never set', (i) => i.text('thing'), '$(resolve.digest)', 'InputInvalid'],
    ['a line that was never set', (i) => i.lines('thing'), 'a\n$(tag)', 'InputInvalid'],
  ];
  for (const [name, read, value, code] of bad) {
    it(`refuse ${name}, naming input, value and remedy`, () => {
      const error = refusal(read, value);
      assert.equal(error.code, code);
      assert.match(error.message, /\bthing\b/);
      if (code === 'InputInvalid')
        assert.ok(value?.split('\n').some((line) => error.message.includes(`'${line}'`)));
      assert.ok(error.hint !== undefined && error.hint !== '');
    });
  }

  it('show a long or hostile value short and harmless', () => {
    const error = refusal((i) => i.integer('thing'), `##vso[task.complete]\n${'9'.repeat(500)}x`);
    assert.ok(error.message.length < 200);
    assert.equal(error.message.includes('##vso['), false);
    assert.equal(error.message.includes('\n'), false);
  });

  it("carry a parser's own words and remedy", () => {
    const error = refusal((i) => {
      i.parsed('thing', () => {
        throw new DeliveryError('ReferenceInvalid', 'no tag', { hint: 'Add a tag.' });
      });
    }, 'shop/web');
    assert.equal(error.code, 'InputInvalid');
    assert.equal(error.message, "Input thing 'shop/web': no tag");
    assert.equal(error.hint, 'Add a tag.');
  });
});
