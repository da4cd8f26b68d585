import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pageOf } from '../../../scripts/docs.ts';
import { taskNames } from '../../../scripts/build.ts';
import { readDocumentedTask } from '../../../scripts/docs/task.ts';
import { withTables } from '../../../scripts/docs/page.ts';
import { checkout } from '../../support/docs/pages.ts';

for (const task of taskNames()) {
  describe(`docs/${task}.md`, () => {
    it('has the tables that npm run docs writes', () => {
      const { wanted, found } = pageOf(task);
      assert.equal(found, wanted, 'run npm run docs');
    });

    it('explains every input in words', () => {
      const { inputs } = readDocumentedTask(join(checkout, 'tasks', task));
      const mute = inputs.filter(
        ({ helpMarkDown, label }) => (helpMarkDown ?? '') === '' && label.length < 12,
      );
      assert.deepEqual(
        mute.map(({ name }) => name),
        [],
      );
    });
  });
}

describe('the tables of a task page', () => {
  const task = {
    name: 'Sample',
    friendlyName: 'Sample task',
    description: 'Does nothing.',
    version: { Major: 1 },
    inputs: [
      {
        name: 'mode',
        type: 'pickList',
        label: 'Mode',
        options: { a: 'First', b: 'Second | third' },
        aliases: ['kind'],
      },
    ],
  };

  it('are put where the markers are, and the rest of the page stays', () => {
    const page = withTables('# Mine\n\nText.\n', task);
    assert.match(page, /^# Mine\n\nText\.\n\n<!-- from/);
    const more = page.replace('Text.', 'Other text.') + 'Behind.\n';
    assert.equal(withTables(more, task), more);
  });

  it('escape what would end a cell', () => {
    assert.match(
      withTables('', task),
      /`mode`<br>`kind` \| +\| Mode\. One of `a` \(first\), `b` \(second \\\| third\)\./,
    );
  });
});
