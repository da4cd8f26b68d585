import type { BundledPackage } from './packages.ts';

/**
 * A software bill of materials: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). Without serial number and time,
 * which the format leaves optional, so that the same packages give the same bytes.
 */
export function billOfMaterials(task: string, packages: readonly BundledPackage[]): string {
  const components = packages.map(({ name, version, license }) => ({
    type: 'library',
    'bom-ref': packageUrl(name, version),
    name,
    version,
    purl: packageUrl(name, version),
    ...(license === 'NOASSERTION' ? {} : { licenses: [{ expression: license }] }),
  }));
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': task, name: task } },
    components,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** https://github.com/package-url/purl-spec: a scope's `@` is percent-encoded. */
function packageUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}
