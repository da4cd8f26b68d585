import assert from 'node:assert/strict';
import { describeDefect, describeFailure } from '../../../core/host/outcome.ts';
import { DeliveryError } from '../../../core/model/errors.ts';

describe('what a failed task tells', () => {
  it('of an error that somebody can mend is code, message and remedy', () => {
    const cause = new Error('404');
    const error = new DeliveryError('ImageNotFound', 'shop/web:9 does not exist', {
      hint: 'Push it.',
      cause,
    });
    const { issue, message, debug } = describeFailure(error);
    assert.equal(issue, 'ImageNotFound: shop/web:9 does not exist\nPush it.');
    assert.equal(message, 'ImageNotFound: shop/web:9 does not exist');
    assert.match(debug.join('\n'), /^caused by Error: 404/);
  });

  it('of a defect says that it is one, how to report it, and where it was', () => {
    const { issue, debug } = describeDefect(new TypeError('x is undefined'));
    assert.match(
      issue,
      /^Internal error: x is undefined\nThis is a defect of the task, not of your pipeline\./,
    );
    assert.match(issue, /System\.Debug/);
    assert.match(debug.join('\n'), /outcome\.test\.ts/);
  });

  it('of something thrown that is no error is its text', () => {
    assert.match(describeDefect('just text').issue, /^Internal error: just text\n/);
  });

  it('ends when causes run in a circle', () => {
    const first = new Error('first');
    const second = new Error('second', { cause: first });
    first.cause = second;
    assert.equal(describeDefect(second).debug.filter((line) => line.startsWith('caused by')).length, 2);
  });
});
