import type { BundledPackage } from './packages.ts';

/** The notices that the licences of bundled packages ask for. The same packages give the same text. */
export function thirdPartyNotices(packages: readonly BundledPackage[]): string {
  const head = 'This task contains the following third-party packages.\n';
  const parts = packages.map(({ name, version, license, licenseText }) => {
    const text = licenseText ?? `Licensed under ${license}. The package carries no licence file.`;
    return `${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${text.replaceAll('\r\n', '\n').trim()}\n`;
  });
  return [head, ...parts].join('\n');
}
