import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isDeliveryError } from '../../../../core/model/errors.ts';
import { parseChecks } from '../../../../core/operations/gate/checks.ts';
import { kinds } from '../../../../core/operations/gate/kinds.ts';
import { checksSchema } from '../../../../core/operations/gate/schema.ts';
import { resolved } from '../../../support/sample-release.ts';

const published: unknown = JSON.parse(
  readFileSync(new URL('../../../../pipelines/schemas/checks.v1.schema.json', import.meta.url), 'utf8'),
);
const subject = { release: resolved, environment: 'staging', namespace: 'shop' };

function parse(document: unknown) {
  return parseChecks(document, 'checks.yml', kinds, subject);
}

const url = { name: 'page', kind: 'http', url: 'https://shop.contoso.com/' };
const service = { name: 'page', kind: 'http', service: { name: 'storefront', port: 80 } };
const digest = `sha256:${'a'.repeat(64)}`;

describe('the checks file', () => {
  const schema = new Ajv2020({ strict: false }).compile(published as object);

  it('has a published schema that is the one of its kinds', () => {
    assert.deepEqual(
      published,
      JSON.parse(JSON.stringify(checksSchema(kinds))),
      'write it again: npx tsx scripts/checks-schema.ts',
    );
  });

  const good: readonly [string, unknown][] = [
    ['one URL', { checks: [url] }],
    ['a Service by port name', { checks: [{ ...service, service: { name: 'a', port: 'http' } }] }],
    [
      'a whole schedule',
      {
        checks: [
          {
            ...url,
            initialDelay: '5s',
            interval: 1,
            count: 5,
            failureLimit: 2,
            errorLimit: 0,
            deadline: '1m',
          },
        ],
      },
    ],
    ['consecutive successes', { checks: [{ ...url, count: 30, failureLimit: 30, consecutiveSuccesses: 3 }] }],
    [
      'expectations',
      {
        checks: [
          {
            ...url,
            expect: {
              status: ['2xx', 304],
              headers: { 'content-type': '/html/i' },
              text: 'ok',
              notText: ['x', 'y'],
              json: { 'a[0].b': 1 },
            },
          },
        ],
      },
    ],
    [
      'a load',
      { checks: [{ ...service, load: { requests: 100, rate: 50, errors: '1%', p95: '300ms', p99: 1 } }] },
    ],
    [
      'an advisory check beside a required one',
      { version: 1, checks: [url, { ...url, name: 'b', required: false }] },
    ],
    ['a check that may be inconclusive', { acceptInconclusive: ['page'], checks: [url] }],
    [
      'a Job from a component',
      {
        checks: [
          {
            name: 'smoke',
            kind: 'job',
            image: 'storefront',
            args: ['-v'],
            env: { A: 1 },
            secretEnv: { B: 'secret/key' },
            imagePullSecrets: 'pull',
            limits: { memory: '64Mi' },
          },
        ],
      },
    ],
    [
      'a Job from a digest',
      { checks: [{ name: 'smoke', kind: 'job', image: `contoso.azurecr.io/tests@${digest}` }] },
    ],
    [
      'a command',
      {
        checks: [
          {
            name: 't',
            kind: 'command',
            run: 'npm test',
            url: 'https://a/',
            results: { files: 'r/*.xml', format: 'tap', minimum: 3 },
          },
        ],
      },
    ],
    [
      'results',
      {
        checks: [
          { name: 't', kind: 'junit', files: ['a.xml', 'b/**/*.xml'], failed: 1, skipped: 2, flaky: 3 },
        ],
      },
    ],
    [
      'a Job with a report in its log',
      { checks: [{ name: 't', kind: 'job', image: 'storefront', junit: { minimum: 3 } }] },
    ],
    [
      'a soak',
      {
        checks: [
          {
            name: 't',
            kind: 'workload',
            objects: ['Deployment/storefront', 'statefulset/db'],
            soak: '2m',
            warnings: 3,
            digests: false,
          },
        ],
      },
    ],
    [
      'a query',
      {
        checks: [
          {
            name: 't',
            kind: 'prometheus',
            url: 'https://a/',
            query: 'up',
            min: 1,
            baseline: 'up offset 1h',
            increase: '10%',
          },
        ],
      },
    ],
  ];
  for (const [what, document] of good) {
    it(`takes ${what}, as the schema does`, () => {
      assert.equal(parse(document).checks.length > 0, true);
      assert.equal(schema(document), true, JSON.stringify(schema.errors));
    });
  }

  const bad: readonly [what: string, document: unknown, message: RegExp, schemaToo: boolean][] = [
    ['a list', [], /checks\.yml must be a section of fields, not a list/, true],
    ['no checks', { checks: [] }, /checks\.yml has no checks/, true],
    [
      'another version',
      { version: 2, checks: [url] },
      /checks\.yml\.version must be a number from 1 to 1, not "2"/,
      true,
    ],
    [
      'a field it does not know',
      { check: [], checks: [url] },
      /checks\.yml\.check is not a field here/,
      true,
    ],
    [
      'a check without a name',
      { checks: [{ kind: 'http', url: 'https://a/' }] },
      /checks\.yml\.checks\[0\]\.name is missing/,
      true,
    ],
    ['a check without a kind', { checks: [{ name: 'a' }] }, /checks\[0\]\.kind is missing/, true],
    [
      'a kind there is not',
      { checks: [{ name: 'a', kind: 'htpt' }] },
      /\(a\) is of the kind "htpt", which there is not/,
      true,
    ],
    ['two checks of one name', { checks: [url, url] }, /two checks named "page"/, false],
    ['advisory checks only', { checks: [{ ...url, required: false }] }, /advisory checks only/, false],
    [
      'a stranger that may be inconclusive',
      { acceptInconclusive: ['pgae'], checks: [url] },
      /names "pgae", and no check has this name/,
      false,
    ],
    [
      'a misspelt field',
      { checks: [{ ...url, intervall: '5s' }] },
      /checks\[0\]\.intervall is not a field here/,
      true,
    ],
    [
      'a misspelt field further in',
      { checks: [{ ...url, expect: { staus: 200 } }] },
      /expect\.staus is not a field here/,
      true,
    ],
    [
      'a duration that is none',
      { checks: [{ ...url, interval: 'soon' }] },
      /interval must be a duration such as 30s, 5m or 1h30m, not "soon"/,
      true,
    ],
    [
      'a count of none',
      { checks: [{ ...url, count: 0 }] },
      /count must be a number from 1 to 10000, not "0"/,
      true,
    ],
    ['a count that is a text', { checks: [{ ...url, count: '5' }] }, /count must be a number, not "5"/, true],
    ['half a count', { checks: [{ ...url, count: 1.5 }] }, /count must be a whole number/, true],
    [
      'a failure limit that never fails',
      { checks: [{ ...url, failureLimit: 1 }] },
      /failureLimit is 1: with a count of 1 it could never fail/,
      false,
    ],
    [
      'a row longer than the count',
      { checks: [{ ...url, count: 2, consecutiveSuccesses: 3 }] },
      /consecutiveSuccesses is 3, more than count, 2/,
      false,
    ],
    [
      'more measurements than fit',
      { checks: [{ ...url, count: 10, deadline: '30s' }] },
      /deadline is 30s, and 10 measurements take at least 90s/,
      false,
    ],
    [
      'a flag that is a text',
      { checks: [{ ...url, required: 'no' }] },
      /required must be true or false, not "no"/,
      true,
    ],
    ['neither a URL nor a Service', { checks: [{ name: 'a', kind: 'http' }] }, /lacks url or service/, true],
    [
      'a URL and a Service',
      { checks: [{ ...url, ...service }] },
      /has url and service: they exclude each other/,
      true,
    ],
    [
      'a URL of another scheme',
      { checks: [{ ...url, url: 'file:///etc/passwd' }] },
      /url must be an http or https URL, not "file:/,
      false,
    ],
    [
      'a URL with a password',
      { checks: [{ ...url, url: 'https://me:secret@a/' }] },
      /carries a user name or password/,
      false,
    ],
    ['a path beside a URL', { checks: [{ ...url, path: '/x' }] }, /path does not go with url/, false],
    [
      'a Service without a port',
      { checks: [{ ...service, service: { name: 'a' } }] },
      /service\.port is missing/,
      true,
    ],
    [
      'a Service that leads elsewhere',
      { checks: [{ ...service, service: { name: '../../nodes', port: 80 } }] },
      /service\.name must be lower-case letters, digits and hyphens/,
      false,
    ],
    [
      'a header that cannot pass',
      {
        checks: [
          { ...service, service: { ...service.service, scheme: 'https' }, headers: { Authorization: 'x' } },
        ],
      },
      /cannot pass the API server's proxy/,
      false,
    ],
    [
      'a header of two lines',
      { checks: [{ ...url, headers: { A: 'x\r\nB: y' } }] },
      /headers\.A is not a header/,
      false,
    ],
    [
      'a status that is none',
      { checks: [{ ...url, expect: { status: 999 } }] },
      /status is "999", which is no HTTP status/,
      false,
    ],
    [
      'an expression that is none',
      { checks: [{ ...url, expect: { headers: { a: '/(/' } } }] },
      /is no regular expression/,
      false,
    ],
    [
      'a JSON path that is none',
      { checks: [{ ...url, expect: { json: { 'a..b': 1 } } }] },
      /cannot be read from "\.\.b" on|cannot be read from/,
      false,
    ],
    [
      'a share above the whole',
      { checks: [{ ...url, load: { requests: 1, errors: 2 } }] },
      /errors must be a share such as 1% or 0\.01, not "2"/,
      true,
    ],
    ['a load without requests', { checks: [{ ...url, load: {} }] }, /load\.requests is missing/, true],
    [
      'one time beside a load',
      { checks: [{ ...url, maxTime: '1s', load: { requests: 1 } }] },
      /maxTime does not go with load/,
      false,
    ],
    ['a Job without an image', { checks: [{ name: 'a', kind: 'job' }] }, /image is missing/, true],
    [
      'a Job by a tag',
      { checks: [{ name: 'a', kind: 'job', image: 'contoso.azurecr.io/tests:1' }] },
      /a tag, which may mean another image tomorrow/,
      false,
    ],
    [
      'a Job from an unknown component',
      { checks: [{ name: 'a', kind: 'job', image: 'shopfront' }] },
      /is no component of release 2\.4\.0|which is no component of release 2\.4\.0/,
      false,
    ],
    [
      'a secret without a key',
      { checks: [{ name: 'a', kind: 'job', image: 'storefront', secretEnv: { A: 'secret' } }] },
      /secretEnv\.A must be secret\/key/,
      true,
    ],
    [
      'a variable that is set twice',
      { checks: [{ name: 'a', kind: 'job', image: 'storefront', env: { A: 1 }, secretEnv: { A: 's/k' } }] },
      /env\.A is in secretEnv too/,
      false,
    ],
    ['a command without a line', { checks: [{ name: 'a', kind: 'command' }] }, /run is missing/, true],
    [
      'a command at no URL',
      { checks: [{ name: 'a', kind: 'command', run: 'x', url: 'shop' }] },
      /url must be a URL, not "shop"/,
      false,
    ],
    [
      'a variable that is no name',
      { checks: [{ name: 'a', kind: 'command', run: 'x', env: { 'A B': 1 } }] },
      /env\.A B is not a name of a variable/,
      false,
    ],
    ['results without files', { checks: [{ name: 'a', kind: 'junit' }] }, /files is missing/, true],
    [
      'results of another format',
      { checks: [{ name: 'a', kind: 'junit', files: 'x', format: 'xunit' }] },
      /format must be one of junit, tap, playwright/,
      true,
    ],
    [
      'an object that does not run',
      { checks: [{ name: 'a', kind: 'workload', objects: ['Service/a'] }] },
      /objects must be Deployment\/name/,
      false,
    ],
    [
      'a soak of nothing',
      { checks: [{ name: 'a', kind: 'workload' }] },
      /has no objects, and the record says of no workload/,
      false,
    ],
    [
      'a query without a limit',
      { checks: [{ name: 'a', kind: 'prometheus', url: 'https://a/', query: 'up' }] },
      /has no limit/,
      false,
    ],
    [
      'a baseline without an increase',
      { checks: [{ name: 'a', kind: 'prometheus', url: 'https://a/', query: 'up', baseline: 'up' }] },
      /baseline without increase/,
      false,
    ],
    [
      'a query of nothing',
      { checks: [{ name: 'a', kind: 'prometheus', url: 'https://a/', max: 1 }] },
      /query is missing/,
      true,
    ],
  ];
  for (const [what, document, message, schemaToo] of bad) {
    it(`refuses ${what}${schemaToo ? ', as the schema does' : ''}`, () => {
      assert.throws(
        () => parse(document),
        (error) => isDeliveryError(error) && error.code === 'ChecksInvalid' && message.test(error.message),
      );
      assert.equal(schema(document), !schemaToo);
    });
  }

  it('asks whether the near field was meant', () => {
    assert.throws(
      () => parse({ checks: [{ ...url, intervall: '5s' }] }),
      (error) => isDeliveryError(error) && error.hint === 'Did you mean interval?',
    );
  });

  it('lacks a namespace only where nothing gives one', () => {
    const nowhere = { ...subject, namespace: undefined };
    assert.throws(
      () => parseChecks({ checks: [service] }, 'c.yml', kinds, nowhere),
      /service\.namespace is missing/,
    );
    const own = { ...service, service: { ...service.service, namespace: 'other' } };
    assert.equal(
      parseChecks({ checks: [own] }, 'c.yml', kinds, nowhere).checks[0]?.probe.title,
      'GET http://storefront.other:80/',
    );
  });
});
