import assert from 'node:assert/strict';
import type { KubernetesClient } from '../../../../core/clients/kubernetes/client.ts';
import { isDeliveryError } from '../../../../core/model/errors.ts';
import type { Log } from '../../../../core/model/ports.ts';
import { untilServed } from '../../../../core/operations/deploy/served.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    names: { kind: 'Widget' },
    versions: [
      { name: 'v1', served: true },
      { name: 'v1alpha1', served: false },
    ],
  },
};

const silent: Log = { phase() {}, line() {}, warning() {}, debug() {} };

/** Discovery that lists the kind from the given look on, and remembers what it was asked for. */
function waiting(fromLook: number): { readonly asked: string[]; readonly done: Promise<void> } {
  const asked: string[] = [];
  const discovery = {
    forget() {},
    find(apiVersion: string, kind: string) {
      asked.push(`${kind} ${apiVersion}`);
      return Promise.resolve(asked.length >= fromLook ? {} : undefined);
    },
  };
  const client = { name: 'shop-staging', discovery } as unknown as KubernetesClient;
  const clock = virtualClock();
  const deadline = { at: clock.now() + 5_000, signal: new AbortController().signal };
  return { asked, done: untilServed(definition, { client, clock, deadline, log: silent }) };
}

describe('a definition that is established', () => {
  it('is waited for until discovery lists its kind', async () => {
    const { asked, done } = waiting(3);
    await done;
    assert.deepEqual(asked, ['Widget example.com/v1', 'Widget example.com/v1', 'Widget example.com/v1']);
  });

  it('is not asked for in a version that it does not serve', async () => {
    const { asked, done } = waiting(1);
    await done;
    assert.deepEqual(asked, ['Widget example.com/v1']);
  });

  it('fails at the deadline, naming the definition and the kind', async () => {
    await assert.rejects(
      waiting(Infinity).done,
      (error) =>
        isDeliveryError(error) &&
        error.code === 'DeadlineExceeded' &&
        /widgets\.example\.com is established, and shop-staging still does not list Widget/.test(
          error.message,
        ),
    );
  });
});
