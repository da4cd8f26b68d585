import assert from 'node:assert/strict';
import type { Verdict } from '../../../core/model/release.ts';
import { assessGate } from '../../../core/model/verdict.ts';

function check(name: string, verdict: Verdict, required = true) {
  return { name, verdict, required, reason: `${name} is ${verdict}` };
}

describe('the verdict of a gate', () => {
  it('passes when every required check passed', () => {
    const decision = assessGate([check('a', 'passed'), check('b', 'passed')]);
    assert.deepEqual(decision, {
      verdict: 'passed',
      reason: 'all 2 required checks passed',
      failedChecks: [],
    });
  });

  it('fails by one required check, and says which and why', () => {
    const decision = assessGate([check('a', 'passed'), check('b', 'failed'), check('c', 'inconclusive')]);
    assert.deepEqual(decision, { verdict: 'failed', reason: 'b: b is failed', failedChecks: ['b', 'c'] });
  });

  it('is inconclusive by one required check that said nothing', () => {
    const decision = assessGate([check('a', 'passed'), check('b', 'inconclusive')]);
    assert.deepEqual(decision, {
      verdict: 'inconclusive',
      reason: 'b: b is inconclusive',
      failedChecks: ['b'],
    });
  });

  it('passes over an inconclusive check that is accepted by name, and says so', () => {
    const decision = assessGate([check('a', 'passed'), check('b', 'inconclusive')], ['b']);
    assert.equal(decision.verdict, 'passed');
    assert.equal(decision.reason, '1 of 2 required checks passed; inconclusive and accepted by name: b');
  });

  it('does not accept another check than the named one', () => {
    const checks = [check('a', 'passed'), check('b', 'inconclusive'), check('c', 'inconclusive')];
    assert.equal(assessGate(checks, ['b']).verdict, 'inconclusive');
  });

  it('never accepts a failure by name', () => {
    assert.equal(assessGate([check('a', 'passed'), check('b', 'failed')], ['b']).verdict, 'failed');
  });

  it('is inconclusive when everything required was, whatever is accepted', () => {
    const decision = assessGate([check('a', 'inconclusive')], ['a']);
    assert.equal(decision.verdict, 'inconclusive');
    assert.deepEqual(decision.failedChecks, ['a']);
  });

  it('is inconclusive when nothing was required', () => {
    assert.equal(assessGate([]).verdict, 'inconclusive');
    assert.equal(assessGate([check('a', 'passed', false)]).verdict, 'inconclusive');
  });

  it('shows an advisory check that did not pass and is not decided by it', () => {
    const decision = assessGate([check('a', 'passed'), check('b', 'failed', false)]);
    assert.equal(decision.verdict, 'passed');
    assert.equal(decision.reason, 'the required check passed; advisory, not passed: b');
  });
});
