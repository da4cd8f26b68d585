import assert from 'node:assert/strict';
import { Throttle } from '../../../../core/clients/http/throttle.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

describe('a host that asks to be left alone', () => {
  it('is asked by nobody before its time', async () => {
    const clock = virtualClock();
    const throttle = new Throttle(clock, () => 0);
    const begun = clock.now();
    throttle.pause('contoso.azurecr.io', 2000);
    await Promise.all([throttle.ready('contoso.azurecr.io'), throttle.ready('contoso.azurecr.io')]);
    assert.equal(clock.now() - begun, 2000);
  });

  it('does not hold up other hosts', async () => {
    const clock = virtualClock();
    const throttle = new Throttle(clock, () => 0);
    const begun = clock.now();
    throttle.pause('contoso.azurecr.io', 2000);
    await throttle.ready('other.azurecr.io');
    assert.equal(clock.now(), begun);
  });

  it('is not asked sooner because another answer asked for less', () => {
    const clock = virtualClock();
    const throttle = new Throttle(clock, () => 0);
    throttle.pause('contoso.azurecr.io', 5000);
    throttle.pause('contoso.azurecr.io', 1000);
    assert.equal(throttle.resumeAt('contoso.azurecr.io') - clock.now(), 5000);
  });
});
