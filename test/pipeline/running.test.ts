import assert from 'node:assert/strict';
import { runPipeline } from '../../sandbox/pipeline/run.ts';
import { readPipeline } from '../../sandbox/pipeline/stages.ts';
import { catalog } from './catalog.ts';
import { done, FakeServices } from './fake-services.ts';
import { withRepository } from './repository.ts';

describe('a run', () => {
  let fake: FakeServices;
  beforeEach(() => {
    fake = new FakeServices();
  });
  afterEach(() => {
    fake.remove();
  });

  const run = (yaml: string, files: Readonly<Record<string, string>> = {}): Promise<readonly string[]> =>
    withRepository({ 'cd.yml': yaml, ...files }, async (root) => {
      const pipeline = readPipeline({ root, file: 'cd.yml' }, catalog);
      const { result } = await runPipeline(pipeline, fake.services);
      return [...fake.log, result];
    });

  it('runs stages in order and leaves out what waits for a failed one', async () => {
    fake.process = ({ work }) =>
      work.kind === 'script' && work.script === 'fail' ? { ...done, result: 'failed' } : done;
    const yaml = `
stages:
  - stage: A
    jobs: [{ job: J, steps: [{ checkout: none }, { bash: fail }, { bash: never }, { bash: always, condition: always() }] }]
  - stage: B
    jobs: [{ job: J, steps: [{ bash: never }] }]
  - stage: C
    condition: failed()
    jobs: [{ job: J, steps: [{ checkout: none }, { bash: clean up }] }]
`;
    assert.deepEqual(await run(yaml), [
      ...['[A', 'script fail', 'script always', 'A failed]'],
      'B skipped: A failed]',
      ...['[C', 'script clean up', 'C succeeded]'],
      'failed',
    ]);
  });

  it('hands output variables to later steps, jobs and stages', async () => {
    fake.process = ({ stepName }) =>
      stepName === undefined
        ? done
        : { ...done, outputs: new Map([[`${stepName}.digest`, `of-${stepName}`]]) };
    const yaml = `
variables:
  prefix: got
stages:
  - stage: A
    jobs:
      - deployment: D
        environment: staging
        strategy: { runOnce: { deploy: { steps: [{ bash: one, name: s }, { bash: $(prefix) $(s.digest) $(unknown) }] } } }
      - job: J
        dependsOn: [D]
        variables:
          read: $[ dependencies.D.outputs['D.s.digest'] ]
        steps: [{ checkout: none }, { bash: $(read) in $(Build.BuildId) }]
  - stage: B
    condition: and(succeeded(), eq(dependencies.A.outputs['D.D.s.digest'], 'of-s'))
    variables:
      - name: read
        value: $[ stageDependencies.A.D.outputs['D.s.digest'] ]
    jobs: [{ job: J, steps: [{ checkout: self }, { publish: x, artifact: $(read) }] }]
`;
    assert.deepEqual(await run(yaml), [
      ...['[A', 'script one', 'script got of-s $(unknown)', 'script of-s in 7', 'A succeeded]'],
      ...['[B', 'checkout', 'publish of-s', 'B succeeded]'],
      'succeeded',
    ]);
  });

  it('expands templates with typed parameters, if and each', async () => {
    const template = `
parameters:
  - name: services
    type: object
  - name: quick
    type: boolean
    default: false
steps:
  - \${{ each service in parameters.services }}:
      - bash: test \${{ service.name }}
        \${{ if eq(parameters.quick, true) }}:
          condition: false
  - \${{ if parameters.quick }}:
      - bash: quick
  - \${{ else }}:
      - bash: slow \${{ parameters.quick }}
`;
    const yaml = `
stages:
  - stage: A
    jobs:
      - job: J
        steps:
          - checkout: none
          - template: /t/steps.yml
            parameters:
              services: [{ name: catalog }, { name: orders }]
`;
    assert.deepEqual(await run(yaml, { 't/steps.yml': template }), [
      ...['[A', 'script test catalog', 'script test orders', 'script slow False', 'A succeeded]'],
      'succeeded',
    ]);
  });

  it('leaves the macros of task inputs to the agent', async () => {
    const yaml = `
stages:
  - stage: A
    jobs: [{ job: J, steps: [{ task: AksDeploy@1, inputs: { manifests: $(Build.BuildId), azureSubscriptionConnection: shop-staging } }] }]
`;
    assert.deepEqual(await run(yaml), [
      '[A',
      'checkout',
      'task AksDeploy [["manifests","$(Build.BuildId)"],["azureSubscription","shop-staging"]]',
      'A succeeded]',
      'succeeded',
    ]);
  });

  const validation = `
stages:
  - stage: A
    jobs: [{ job: J, pool: server, steps: [{ task: ManualValidation@1, inputs: { instructions: Look at $(Build.BuildId) } }] }]
  - stage: B
    jobs: [{ job: J, steps: [{ checkout: none }, { bash: go on }] }]
`;

  it('goes on when a person resumes it', async () => {
    assert.deepEqual(await run(validation), [
      ...['[A', 'ask Look at 7', 'A succeeded]', '[B', 'script go on', 'B succeeded]'],
      'succeeded',
    ]);
  });

  it('runs nothing more when a person rejects it', async () => {
    fake.answer = { answer: 'rejected', by: 'a tester', comment: 'not today' };
    assert.deepEqual(await run(validation), [
      '[A',
      'ask Look at 7',
      'A failed]',
      'B skipped: A failed]',
      'failed',
    ]);
  });

  it('starts nothing more once it is canceled', async () => {
    fake.process = () => {
      fake.abort.abort();
      return { ...done, result: 'canceled' };
    };
    const yaml = `
stages:
  - stage: A
    jobs: [{ job: J, steps: [{ checkout: none }, { bash: one }, { bash: two }] }]
  - stage: B
    jobs: [{ job: J, steps: [{ bash: three }] }]
`;
    assert.deepEqual(await run(yaml), [
      '[A',
      'script one',
      'A canceled]',
      'B skipped: A canceled]',
      'canceled',
    ]);
  });
});
