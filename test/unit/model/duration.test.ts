import assert from 'node:assert/strict';
import { formatDuration, parseDuration } from '../../../core/model/duration.ts';

describe('a duration', () => {
  const good: readonly [string, number][] = [
    ['500ms', 500],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1.5s', 1_500],
    ['45', 45_000],
  ];
  for (const [text, milliseconds] of good) {
    it(`reads "${text}"`, () => {
      assert.equal(parseDuration(text), milliseconds);
    });
  }

  for (const text of ['', 'soon', '-5s', '10 minutes', '5x', 's', '1h-5m', '1h 5m', '1,5s']) {
    it(`does not read "${text}"`, () => {
      assert.equal(parseDuration(text), undefined);
    });
  }

  const shown: readonly [number, string][] = [
    [0, '0 ms'],
    [350, '350 ms'],
    [1_500, '1.5s'],
    [59_400, '59s'],
    [90_000, '1m 30s'],
    [7_200_000, '2h'],
    [90_061_000, '1d 1h'],
  ];
  for (const [milliseconds, text] of shown) {
    it(`shows ${milliseconds} milliseconds as "${text}"`, () => {
      assert.equal(formatDuration(milliseconds), text);
    });
  }
});
