import assert from 'node:assert/strict';
import { neutralLine, neutralLines } from '../../../core/host/neutral.ts';

describe('text from outside', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'is kept as it is when it is harmless',
      'created Deployment/web ✓ 40 %',
      ['created Deployment/web ✓ 40 %'],
    ],
    ['keeps its tabs', 'NAME\tREADY', ['NAME\tREADY']],
    [
      'cannot give a command',
      '##vso[task.complete result=Succeeded]',
      ['##_vso[task.complete result=Succeeded]'],
    ],
    ['cannot give one after other text', 'log: ##vso[task.debug]x', ['log: ##_vso[task.debug]x']],
    ['cannot give two', '##vso[a.b]##vso[c.d]', ['##_vso[a.b]##_vso[c.d]']],
    ['cannot format a line', '##[error]not ours', ['##_[error]not ours']],
    ['cannot open a group', 'x ##[group]y', ['x ##_[group]y']],
    ['is split at every kind of line break', 'a\nb\r\nc\rd\u2028e\u0085f', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['has a marker on every line neutralised', 'a\r##vso[x.y]', ['a', '##_vso[x.y]']],
    ['loses colours', '\u001b[31mred\u001b[0m', ['red']],
    ['loses links', '\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007', ['click']],
    ['loses 8-bit escapes', '\u009b2Jx', ['x']],
    ['cannot hide a marker behind an escape', '##\u001b[0mvso[a.b]', ['##_vso[a.b]']],
    ['cannot hide a marker behind a soft hyphen', '##v\u00adso[a.b]', ['##_vso[a.b]']],
    ['cannot hide a marker behind zero-width characters', '#\u200b#vso\u2060[a.b]', ['##_vso[a.b]']],
    ['cannot turn the direction of writing', 'exe.\u202egpj', ['exe.gpj']],
    ['cannot hide a marker behind a control', '##vs\u0000o[a.b]', ['##_vso[a.b]']],
    ['is one empty line when there is none', '', ['']],
  ];
  for (const [name, text, lines] of cases) {
    it(name, () => {
      assert.deepEqual(neutralLines(text), lines);
    });
  }

  it('becomes one line with blanks for breaks where one line is wanted', () => {
    assert.equal(neutralLine('a\r\n##vso[b.c]'), 'a ##_vso[b.c]');
  });

  it('stays harmless when it is neutralised twice', () => {
    const once = neutralLine('####vso[vso[a.b]');
    assert.equal(once.includes('##vso['), false);
    assert.equal(neutralLine(once).includes('##vso['), false);
  });
});
