import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCodes } from '../../../core/model/errors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

function sources(directory: string): string {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith(join('model', 'errors.ts')))
    .map((name) => readFileSync(join(root, directory, name), 'utf8'))
    .join('\n');
}

describe('docs/troubleshooting.md', () => {
  const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');

  it('explains every error code, and no other', () => {
    const explained = [...page.matchAll(/^### (\S+)$/gm)].map(([, code]) => code);
    assert.deepEqual(explained.toSorted(), errorCodes.toSorted());
  });
});

describe('an error code', () => {
  const code = sources('core') + sources('tasks');

  for (const name of errorCodes) {
    it(`${name} is used`, () => {
      assert.match(code, new RegExp(`['"]${name}['"]`));
    });
  }
});
