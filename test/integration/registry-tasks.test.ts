import assert from 'node:assert/strict';
import { smallImage } from '../support/azure-fixture.ts';
import { startRegistryTasks, type RegistryTasks } from '../support/registries/registry-tasks.ts';

describe('resolve-artifact and promote-image in a local Azure', function () {
  this.timeout(600_000);
  let tasks: RegistryTasks;

  before(async () => {
    tasks = await startRegistryTasks();
  });
  after(() => tasks.stop());

  it('carry two images by digest from the first registry to the second', async () => {
    const [web, api] = [await smallImage('web'), await smallImage('api')];
    await tasks.push(web, 'shop/web', '1.0.0');
    await tasks.push(api, 'shop/api', '1.0.0');
    const resolved = await tasks.task('resolve-artifact', {
      containerRegistry: 'shop-ci',
      images: 'web=shop/web:1.0.0\napi=shop/api:1.0.0',
      releaseName: '1.0.0',
      requiredPlatforms: 'linux/amd64, linux/arm64',
    });
    assert.equal(resolved.result, 'succeeded', resolved.lines.join('\n'));
    assert.equal(resolved.outputs.get('step.digest')?.value, web.digest);
    assert.equal(resolved.outputs.get('step.digest_api')?.value, api.digest);

    tasks.azure.requests.clear();
    const promoted = await tasks.task('promote-image', {
      sourceRegistry: 'shop-promotion-source',
      containerRegistry: 'shop-promotion',
    });
    assert.deepEqual(promoted.contractViolations, []);
    assert.ok(
      promoted.lines.every((line) => !line.includes('Warning')),
      promoted.lines.join('\n'),
    );
    assert.equal(promoted.result, 'succeeded', promoted.lines.join('\n'));
    const { prod } = tasks.azure.registries;
    assert.equal((await prod.tags('shop/web')).get('1.0.0'), web.digest);
    assert.equal((await prod.tags('shop/api')).get('1.0.0'), api.digest);
    const release = await tasks.release();
    assert.deepEqual(
      release.promotions.map(({ image, digest }) => [image, digest]),
      [
        ['web', web.digest],
        ['api', api.digest],
      ],
    );
  });
});
