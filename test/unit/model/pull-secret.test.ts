import assert from 'node:assert/strict';
import type { JsonObject } from '../../../core/model/json.ts';
import { fieldAt, type KubernetesObject } from '../../../core/model/kubernetes-object.ts';
import { attachPullSecrets, pullSecret } from '../../../core/model/pull-secret.ts';

const attach = (object: KubernetesObject, ...names: string[]): KubernetesObject | undefined =>
  attachPullSecrets([{ object, origin: 'f' }], names)[0]?.object;
const workload = (kind: string, spec: JsonObject): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x' },
  spec,
});

describe('pull secrets', () => {
  it('hold the sign-in in the form that nodes read', () => {
    const secret = pullSecret('pull', 'shop', { host: 'contoso.azurecr.io', username: 'u', password: 'p:ä' });
    assert.equal(secret['type'], 'kubernetes.io/dockerconfigjson');
    const config: unknown = JSON.parse(
      Buffer.from(String(fieldAt(secret, 'data', '.dockerconfigjson')), 'base64').toString(),
    );
    const auth = Buffer.from('u:p:ä').toString('base64');
    assert.deepEqual(config, { auths: { 'contoso.azurecr.io': { username: 'u', password: 'p:ä', auth } } });
  });

  it('are named behind those that are there, each once', () => {
    const pod = workload('Pod', { containers: [], imagePullSecrets: [{ name: 'mine' }, { name: 'pull' }] });
    assert.deepEqual(fieldAt(attach(pod, 'pull', 'other', 'other'), 'spec', 'imagePullSecrets'), [
      { name: 'mine' },
      { name: 'pull' },
      { name: 'other' },
    ]);
  });

  it('reach into CronJobs', () => {
    const cron = workload('CronJob', { jobTemplate: { spec: { template: { spec: { containers: [] } } } } });
    assert.deepEqual(
      fieldAt(attach(cron, 'pull'), 'spec', 'jobTemplate', 'spec', 'template', 'spec', 'imagePullSecrets'),
      [{ name: 'pull' }],
    );
  });

  it('leave an object without pods alone, and everything when there is no name', () => {
    const service = workload('Service', {});
    assert.equal(attach(service, 'pull'), service);
    const pod = workload('Pod', {});
    assert.equal(attach(pod), pod);
  });

  it('that are all named already leave the object as it is', () => {
    const pod = workload('Pod', { imagePullSecrets: [{ name: 'pull' }] });
    assert.equal(attach(pod, 'pull'), pod);
  });
});
