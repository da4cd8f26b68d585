import assert from 'node:assert/strict';
import { PipelineRefused } from '../../sandbox/pipeline/refusal.ts';
import { readPipeline } from '../../sandbox/pipeline/stages.ts';
import { catalog } from './catalog.ts';
import { withRepository } from './repository.ts';

/** A pipeline around one step, which begins at line 5. */
const step = (lines: string): string =>
  `stages:\n  - stage: A\n    jobs:\n      - job: B\n        steps:\n${lines.replaceAll(/^/gm, '          ')}\n`;

/** Everything outside the subset, or leading nowhere: the pipeline, and what is said with file and line. */
const refusals: readonly (readonly [what: string, pipeline: string, message: string])[] = [
  ['text that is not YAML', 'stages: [', 'cd.yml:1: '],
  ['an anchor', 'stages: &all\n  - stage: A\n', 'cd.yml:2: anchors are not read by Azure Pipelines'],
  ['an empty file', '', 'cd.yml:1: the file is empty'],
  [
    'a field of the root',
    'schedules: []\nstages: []\n',
    'cd.yml:1: "schedules" of cd.yml is not in the subset',
  ],
  ['no stages', 'stages: []\n', 'cd.yml:1: the pipeline has no stages to run'],
  ['a stage without jobs', 'stages:\n  - stage: A\n', 'cd.yml:2: the stage "A" has no jobs'],
  [
    'a field of a stage',
    'stages:\n  - stage: A\n    lockBehavior: x\n    jobs: [{job: B}]\n',
    'cd.yml:3: "lockBehavior" of a stage',
  ],
  [
    'two stages of a name',
    'stages:\n  - stage: A\n    jobs: [{job: B}]\n  - stage: A\n    jobs: [{job: B}]\n',
    'cd.yml:4: there are two stages named "A"',
  ],
  [
    'a wait for a later stage',
    'stages:\n  - stage: A\n    dependsOn: [B]\n    jobs: [{job: B}]\n',
    'cd.yml:2: the stage "A" waits for "B", which is no earlier stage',
  ],
  [
    'a matrix',
    'stages:\n  - stage: A\n    jobs:\n      - job: B\n        strategy: {matrix: {}}\n',
    'cd.yml:5: "strategy" of a job',
  ],
  [
    'a canary deployment job',
    'stages:\n  - stage: A\n    jobs:\n      - deployment: B\n        environment: x\n        strategy:\n          canary: {}\n',
    'cd.yml:7: "runOnce" is missing',
  ],
  [
    'a container job',
    'stages:\n  - stage: A\n    jobs:\n      - job: B\n        container: x\n',
    'cd.yml:5: "container" of a job',
  ],
  ['a variable group', 'variables:\n  - group: x\nstages: []\n', 'cd.yml:2: a variable needs "name"'],
  ['PowerShell', step('- pwsh: exit 0'), 'cd.yml:6: a step of kind "pwsh" is not in the subset'],
  ['an unknown task', step('- task: Docker@2'), 'cd.yml:6: the task Docker@2 is not one that the runner has'],
  ['a task without its version', step('- task: AksDeploy'), 'cd.yml:6: write the task as Name@Major'],
  ['another version of a task', step('- task: AksDeploy@2'), 'cd.yml:6: the task AksDeploy@2 is not one'],
  [
    'an unknown input',
    step('- task: AksDeploy@1\n  inputs:\n    manifests: x\n    manifest: y'),
    'cd.yml:9: AksDeploy@1 has no input "manifest"',
  ],
  [
    'an input by two names',
    step(
      '- task: AksDeploy@1\n  inputs:\n    manifests: x\n    azureSubscription: shop-staging\n    azureSubscriptionConnection: shop-staging',
    ),
    'cd.yml:10: "azureSubscriptionConnection" gives the input azureSubscription twice',
  ],
  [
    'a required input left out',
    step('- task: AksDeploy@1'),
    'cd.yml:6: AksDeploy@1 needs the input "manifests"',
  ],
  [
    'an unknown service connection',
    step('- task: AksDeploy@1\n  inputs:\n    manifests: x\n    azureSubscription: shop'),
    'cd.yml:9: there is no service connection "shop": there is shop-staging',
  ],
  [
    'manual validation on an agent',
    step('- task: ManualValidation@1'),
    'cd.yml:6: ManualValidation@1 runs without an agent',
  ],
  [
    'a script without an agent',
    step('- bash: x').replace('job: B\n', 'job: B\n        pool: server\n'),
    'cd.yml:7: a job with "pool: server" has no agent',
  ],
  [
    'a download from nowhere',
    step('- download: ci\n  artifact: release'),
    'cd.yml:6: there is no pipeline resource "ci"',
  ],
  ['another repository', step('- checkout: tools'), 'cd.yml:6: checkout knows self and none'],
  ['a condition that does not parse', step('- bash: x\n  condition: eq(1'), 'cd.yml:7: "eq(1": expected ")"'],
  [
    'a template that is not there',
    'stages:\n  - template: none.yml\n',
    'cd.yml:2: there is no file none.yml',
  ],
  [
    'a template outside the repository',
    'stages:\n  - template: ../x.yml\n',
    'cd.yml:2: there is no file ../x.yml',
  ],
  [
    'a template of another repository',
    'stages:\n  - template: x.yml@tools\n',
    'cd.yml:2: templates of another repository (@tools)',
  ],
  [
    'a template of the wrong kind',
    'stages:\n  - template: steps.yml\n',
    'cd.yml:2: steps.yml has no "stages"',
  ],
  [
    'an unknown parameter',
    step('- template: steps.yml\n  parameters:\n    nmae: x'),
    'cd.yml:8: there is no parameter "nmae" in steps.yml',
  ],
  ['a parameter left out', step('- template: needs.yml'), 'cd.yml:6: the parameter "count" is missing'],
  [
    'a parameter of the wrong type',
    step('- template: needs.yml\n  parameters: {count: many}'),
    'cd.yml:7: the parameter "count" must be a number',
  ],
  [
    'a parameter with a value not allowed',
    step('- template: needs.yml\n  parameters: {count: 4}'),
    'cd.yml:7: the parameter "count" must be one of 1, 2',
  ],
  [
    'a parameter that was never declared',
    step('- bash: ${{ parameters.none }}'),
    'cd.yml:6: there is no parameter "none" here',
  ],
  [
    '${{ insert }}',
    'variables:\n  ${{ insert }}: x\nstages: []\n',
    'cd.yml:2: "${{ insert }}" is not in the subset',
  ],
  [
    'a read from a stage not waited for',
    "stages:\n  - stage: A\n    jobs: [{job: B}]\n  - stage: C\n    dependsOn: []\n    variables:\n      x: $[ stageDependencies.A.B.outputs['s.v'] ]\n    jobs: [{job: B}]\n",
    'cd.yml:7: the stage "C" does not name "A" in dependsOn',
  ],
  [
    'an output of a step that is not there',
    "stages:\n  - stage: A\n    jobs: [{job: B}]\n  - stage: C\n    condition: eq(dependencies.A.outputs['B.s.v'], 1)\n    jobs: [{job: B}]\n",
    'cd.yml:5: the job "B" has no step named "s"',
  ],
];

describe('the pipeline runner', () => {
  for (const [what, pipeline, message] of refusals) {
    it(`refuses ${what}, by file and line`, async () => {
      const files = {
        'cd.yml': pipeline,
        'steps.yml':
          'parameters:\n  - name: name\n    default: x\nsteps:\n  - bash: ${{ parameters.name }}\n',
        'needs.yml': 'parameters:\n  - name: count\n    type: number\n    values: [1, 2]\nsteps: []\n',
      };
      await withRepository(files, (root) => {
        assert.throws(
          () => readPipeline({ root, file: 'cd.yml' }, catalog),
          (error: unknown) => {
            assert.ok(error instanceof PipelineRefused, String(error));
            assert.equal(error.message.slice(0, message.length), message);
            return true;
          },
        );
      });
    });
  }

  it('names the template in which the mistake stands', async () => {
    const files = {
      'cd.yml': step('- template: t/steps.yml'),
      't/steps.yml': 'steps:\n  - bash: x\n    shell: sh\n',
    };
    await withRepository(files, (root) => {
      assert.throws(
        () => readPipeline({ root, file: 'cd.yml' }, catalog),
        /^PipelineRefused: t\/steps\.yml:3: "shell"/,
      );
    });
  });
});
