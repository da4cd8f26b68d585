import assert from 'node:assert/strict';
import type { Metafile } from 'esbuild';
import { billOfMaterials } from '../../../scripts/bundle/bill-of-materials.ts';
import { thirdPartyNotices } from '../../../scripts/bundle/notices.ts';
import { findDuplicates, type BundledPackage } from '../../../scripts/bundle/packages.ts';

function metafileOf(...files: readonly string[]): Metafile {
  const inputs = Object.fromEntries(files.map((file) => [file, { bytes: 1, imports: [] }]));
  return { inputs, outputs: {} };
}

describe('a bundle', () => {
  it('that takes a package from two places has a duplicate', () => {
    const metafile = metafileOf(
      'core/host/sdk.ts',
      'node_modules/semver/index.js',
      'node_modules/semver/functions/lt.js',
      'node_modules/a/node_modules/semver/index.js',
      'node_modules/@azure/identity/dist/index.js',
    );
    assert.deepEqual(findDuplicates(metafile), [
      { name: 'semver', roots: ['node_modules/a/node_modules/semver', 'node_modules/semver'] },
    ]);
  });

  it('that takes each package from one place has none', () => {
    const metafile = metafileOf(
      'node_modules/@azure/a/x.js',
      'node_modules/@azure/b/x.js',
      'node_modules/b/x.js',
    );
    assert.deepEqual(findDuplicates(metafile), []);
  });
});

const packages: readonly BundledPackage[] = [
  { name: '@azure/identity', version: '4.13.1', license: 'MIT', licenseText: 'The MIT License\r\nCopyright' },
  { name: 'plain', version: '1.0.0', license: 'ISC', licenseText: undefined },
  { name: 'unclear', version: '2.0.0', license: 'NOASSERTION', licenseText: undefined },
];

describe('what goes with a bundle', () => {
  it('names every package with its licence', () => {
    const notices = thirdPartyNotices(packages);
    assert.match(notices, /@azure\/identity 4\.13\.1 \(MIT\)\n\nThe MIT License\nCopyright\n/);
    assert.match(notices, /plain 1\.0\.0 \(ISC\)\n\nLicensed under ISC\./);
  });

  it('lists every package by its package URL', () => {
    const { components } = JSON.parse(billOfMaterials('aks-deploy', packages)) as {
      components: { purl: string; licenses?: object }[];
    };
    assert.deepEqual(
      components.map(({ purl, licenses }) => [purl, licenses]),
      [
        ['pkg:npm/%40azure/identity@4.13.1', [{ expression: 'MIT' }]],
        ['pkg:npm/plain@1.0.0', [{ expression: 'ISC' }]],
        ['pkg:npm/unclear@2.0.0', undefined],
      ],
    );
  });
});
