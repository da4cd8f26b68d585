import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, textOf } from '../../support/docs/pages.ts';

describe('docs/security.md', () => {
  const rows = textOf('docs/security.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| threat'));

  for (const row of rows) {
    const cells = row.slice(2, -2).split(' | ');
    it(`names what holds against: ${cells[0] ?? ''}`, () => {
      const files = [...(cells.at(-1) ?? '').matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
      assert.ok(files.length > 0);
      assert.deepEqual(
        files.filter((file) => !existsSync(join(checkout, file))),
        [],
      );
    });
  }
});
