import assert from 'node:assert/strict';
import { TokenCache } from '../../../../core/clients/registry/token-cache.ts';
import type { Token } from '../../../../core/clients/registry/token-service.ts';

describe('tokens', () => {
  interface Issuing {
    now: number;
    asked: number;
    readonly cache: TokenCache;
    readonly ask: () => Promise<Token>;
  }
  const issuing = (): Issuing => {
    const state: Issuing = {
      now: 0,
      asked: 0,
      cache: new TokenCache(() => state.now),
      ask: () => {
        state.asked += 1;
        return Promise.resolve({ value: `token ${state.asked}`, renewAt: state.now + 100 });
      },
    };
    return state;
  };

  it('are asked for once, however many wait', async () => {
    const state = issuing();
    const all = await Promise.all([1, 2, 3].map(() => state.cache.get('pull', state.ask)));
    assert.deepEqual(all, ['token 1', 'token 1', 'token 1']);
  });

  it('are renewed once, when their time has come', async () => {
    const state = issuing();
    await state.cache.get('pull', state.ask);
    state.now = 100;
    const all = await Promise.all([1, 2].map(() => state.cache.get('pull', state.ask)));
    assert.deepEqual(all, ['token 2', 'token 2']);
  });

  it('of one scope are not those of another', async () => {
    const state = issuing();
    assert.notEqual(await state.cache.get('a', state.ask), await state.cache.get('b', state.ask));
  });

  it('that could not be had are asked for again', async () => {
    const state = issuing();
    await assert.rejects(state.cache.get('pull', () => Promise.reject(new Error('no'))));
    assert.equal(await state.cache.get('pull', state.ask), 'token 1');
  });
});
