import assert from 'node:assert/strict';
import {
  clientOver,
  type KubernetesClient,
  type ListQuery,
} from '../../../../core/clients/kubernetes/client.ts';
import { isDeliveryError, type ErrorCode } from '../../../../core/model/errors.ts';
import { ApiError } from '../../../../core/model/api-error.ts';
import type { KubernetesObject } from '../../../../core/model/kubernetes-object.ts';
import { FakeConnection, kinds, type FakeAnswer } from '../../../support/fake-connection.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const settings: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'shop' },
  data: { a: 'b' },
};
const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const status = (code: number, message: string, more: object = {}): FakeAnswer => ({
  status: code,
  body: { kind: 'Status', status: 'Failure', code, message, ...more },
});

function clientWith(answer: (path: string, count: number) => FakeAnswer | Error): {
  readonly client: KubernetesClient;
  readonly connection: FakeConnection;
} {
  const connection = new FakeConnection((request, count) => {
    const known = kinds[request.path];
    return known === undefined ? answer(request.path, count) : { body: known };
  });
  const access = { server: 'https://cluster.example', name: 'cluster' };
  return { client: clientOver(connection, access, virtualClock()), connection };
}

describe('the Kubernetes client', () => {
  it('applies by server-side apply with its manager and strict fields', async () => {
    const { client, connection } = clientWith(() => ({ status: 201, body: settings }));
    const written = await client.apply(settings, { fieldManager: 'me', dryRun: true, force: true });
    const request = connection.asked.at(-1);
    assert.equal(request?.method, 'PATCH');
    assert.equal(
      request.path,
      '/api/v1/namespaces/shop/configmaps/settings?fieldManager=me&fieldValidation=Strict&dryRun=All&force=true',
    );
    assert.equal(request.headers?.['content-type'], 'application/apply-patch+yaml');
    assert.deepEqual(JSON.parse(String(request.body)), settings);
    assert.equal(written.created, true);
  });

  it('asks for the kinds of a group and version once', async () => {
    const { client, connection } = clientWith(() => ({ body: settings }));
    await Promise.all([client.get(reference), client.get(reference)]);
    assert.equal(connection.asked.filter(({ path }) => path === '/api/v1').length, 1);
  });

  it('takes an absent object for absent, and a refusal for a refusal', async () => {
    assert.equal(await clientWith(() => status(404, 'not found')).client.get(reference), undefined);
    await assert.rejects(
      clientWith(() => status(403, 'no')).client.get(reference),
      (error) => isDeliveryError(error) && error.code === 'Forbidden',
    );
  });

  it('deletes what is there, and finds it no error when it is not', async () => {
    assert.equal(await clientWith(() => ({ body: {} })).client.delete(reference), true);
    const { client, connection } = clientWith(() => status(404, 'not found'));
    assert.equal(await client.delete(reference, { uid: 'u1' }), false);
    const body = JSON.parse(String(connection.asked.at(-1)?.body)) as { preconditions: unknown };
    assert.deepEqual(body.preconditions, { uid: 'u1' });
  });

  it('reads every page of a list and gives each item its kind', async () => {
    const { client, connection } = clientWith((path) =>
      path.includes('continue=')
        ? { body: { metadata: { resourceVersion: '9' }, items: [{ metadata: { name: 'b' } }] } }
        : {
            body: {
              metadata: { resourceVersion: '9', continue: 'more' },
              items: [{ metadata: { name: 'a' } }],
            },
          },
    );
    const { items } = await client.list({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'shop',
      labelSelector: 'a=b',
    });
    assert.deepEqual(
      items.map(({ kind, metadata }) => [kind, metadata.name]),
      [
        ['ConfigMap', 'a'],
        ['ConfigMap', 'b'],
      ],
    );
    assert.equal(
      connection.asked.at(-1)?.path,
      '/api/v1/namespaces/shop/configmaps?labelSelector=a%3Db&limit=500&continue=more',
    );
  });

  it('refuses a kind that the server does not serve, saying which of the two it lacks', async () => {
    const { client } = clientWith(() => status(404, 'not found'));
    await assert.rejects(client.get({ ...reference, kind: 'Nothing' }), /v1 has no kind Nothing/);
    await assert.rejects(
      client.get({ ...reference, apiVersion: 'example.com/v1' }),
      /it serves no example\.com\/v1/,
    );
  });

  it("passes the server's warnings on", async () => {
    const warning = '299 - "v1 Endpoints is deprecated, use EndpointSlice", 299 - "say \\"hi\\""';
    const { client } = clientWith(() => ({ body: settings, headers: { warning } }));
    const { warnings } = await client.apply(settings, { fieldManager: 'me' });
    assert.deepEqual(warnings, ['v1 Endpoints is deprecated, use EndpointSlice', 'say "hi"']);
  });

  it('reaches a service through the API server', async () => {
    const { client, connection } = clientWith(() => ({ status: 503, body: 'away' }));
    const answer = await client.proxy({
      namespace: 'shop',
      target: { service: 'web', port: 'http' },
      path: '/healthz?x=1',
    });
    assert.equal(answer.status, 503);
    assert.equal(
      connection.asked.at(-1)?.path,
      '/api/v1/namespaces/shop/services/web:http/proxy/healthz?x=1',
    );
  });

  const refusals: readonly (readonly [string, FakeAnswer, ErrorCode])[] = [
    ['who is not known', status(401, 'Unauthorized'), 'Unauthenticated'],
    ['who may not', status(403, 'configmaps "settings" is forbidden: User "x" cannot patch'), 'Forbidden'],
    ['what a quota forbids', status(403, 'exceeded quota: small'), 'ApplyRefused'],
    ['what a policy forbids', status(403, 'admission webhook "x" denied the request: no'), 'ApplyRefused'],
    ['into a namespace that does not exist', status(404, 'namespaces "shop" not found'), 'NotFound'],
    ['what is malformed', status(422, 'Invalid value'), 'ApplyRefused'],
    [
      'what the schema does not have',
      status(500, 'failed to create typed patch object: .x: field not declared in schema'),
      'ApplyRefused',
    ],
    ['when it is busy for good', status(429, 'too many requests'), 'Throttled'],
    ['with an answer that is no Status', { status: 502, body: '<html>' }, 'RemoteError'],
  ];
  for (const [what, answer, code] of refusals) {
    it(`has a code for a refusal: ${what}`, async () => {
      await assert.rejects(
        clientWith(() => answer).client.apply(settings, { fieldManager: 'me' }),
        (error) => {
          assert(error instanceof ApiError);
          assert.equal(error.code, code);
          assert.match(error.message, /ConfigMap shop\/settings/);
          assert.notEqual(error.hint, undefined);
          return true;
        },
      );
    });
  }

  it('names manager and field of every conflict', async () => {
    const causes = [
      { reason: 'FieldManagerConflict', message: 'conflict with "kubectl" using v1', field: '.data.a' },
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "hpa" with subresource "scale" using v1',
        field: '.data.b',
      },
    ];
    const { client } = clientWith(() =>
      status(409, 'Apply failed with 2 conflicts', { reason: 'Conflict', details: { causes } }),
    );
    await assert.rejects(client.apply(settings, { fieldManager: 'me' }), (error) => {
      assert(error instanceof ApiError);
      assert.equal(error.code, 'ApplyConflict');
      assert.deepEqual(error.conflicts, [
        { manager: 'kubectl', field: '.data.a' },
        { manager: 'hpa', field: '.data.b' },
      ]);
      return true;
    });
  });
});

describe('a watch', () => {
  const event = (type: string, name: string, resourceVersion: string): unknown => ({
    type,
    object: { ...settings, metadata: { ...settings.metadata, name, resourceVersion } },
  });
  const listed = { body: { metadata: { resourceVersion: '5' }, items: [] } };
  const query: ListQuery = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop' };

  /** The events until there are `count` of them. */
  async function take(client: KubernetesClient, count: number): Promise<readonly string[]> {
    const seen: string[] = [];
    const stop = new AbortController();
    for await (const each of client.watch(query, stop.signal)) {
      seen.push(
        each.type === 'listed'
          ? `listed ${each.items.length}`
          : `${each.type} ${each.object.metadata.name ?? ''}`,
      );
      if (seen.length === count) break;
    }
    return seen;
  }

  it('begins with the list and goes on where it was when the server ends it, by a bookmark as well', async () => {
    const streams = [
      [event('ADDED', 'a', '6'), { type: 'BOOKMARK', object: { metadata: { resourceVersion: '8' } } }],
      [event('MODIFIED', 'a', '9'), event('DELETED', 'a', '10')],
    ];
    const { client, connection } = clientWith((path) =>
      path.includes('watch=true') ? { lines: streams.shift() ?? [] } : listed,
    );
    assert.deepEqual(await take(client, 4), ['listed 0', 'added a', 'modified a', 'deleted a']);
    const from = connection.asked
      .filter(({ path }) => path.includes('watch=true'))
      .map(({ path }) => /resourceVersion=(\d+)/.exec(path)?.[1]);
    assert.deepEqual(from, ['5', '8']);
  });

  it('lists again when the server has forgotten where it was', async () => {
    const streams = [
      [{ type: 'ERROR', object: { code: 410, message: 'too old' } }],
      [event('ADDED', 'b', '7')],
    ];
    const { client } = clientWith((path) =>
      path.includes('watch=true') ? { lines: streams.shift() ?? [] } : listed,
    );
    assert.deepEqual(await take(client, 3), ['listed 0', 'listed 0', 'added b']);
  });

  it('goes on after a broken connection', async () => {
    let broken = false;
    const { client } = clientWith((path) => {
      if (!path.includes('watch=true')) return listed;
      if (broken) return { lines: [event('ADDED', 'a', '6')] };
      broken = true;
      return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    });
    assert.deepEqual(await take(client, 2), ['listed 0', 'added a']);
  });

  it('ends with a refusal', async () => {
    const { client } = clientWith((path) => (path.includes('watch=true') ? status(403, 'no') : listed));
    await assert.rejects(take(client, 2), (error) => isDeliveryError(error) && error.code === 'Forbidden');
  });
});
