import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { anchorsOf, checkout, pages, textOf, withoutCode } from '../../support/docs/pages.ts';

describe('links of the documentation', () => {
  for (const page of pages) {
    it(`${page}: every file and anchor is there`, () => {
      const broken: string[] = [];
      for (const [, target = ''] of withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(?:https?|mailto):/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : normalize(join(dirname(page), path));
        if (!existsSync(join(checkout, file))) broken.push(`${target}: there is no ${file}`);
        else if (anchor !== undefined && !hasAnchor(file, anchor)) broken.push(`${target}: no such heading`);
      }
      assert.deepEqual(broken, []);
    });
  }
});

function hasAnchor(file: string, anchor: string): boolean {
  return !statSync(join(checkout, file)).isDirectory() && anchorsOf(textOf(file)).has(anchor);
}
