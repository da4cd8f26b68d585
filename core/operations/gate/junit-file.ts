import type { CheckResult, GateVerdict, Release } from '../../model/release.ts';

/**
 * The verdict as JUnit XML, one test case per check, for the run's Tests tab. A failed check is a failure, one that could
 * not say anything an error; an advisory one that did not pass is skipped with its reason, because it does not decide.
 */
export function formatJUnit(release: Release, verdict: GateVerdict): string {
  const decisive = verdict.checks.filter((check) => check.required);
  const counts = {
    tests: verdict.checks.length,
    failures: decisive.filter((check) => check.verdict === 'failed').length,
    errors: decisive.filter((check) => check.verdict === 'inconclusive').length,
    skipped: verdict.checks.filter((check) => !check.required && check.verdict !== 'passed').length,
    time: seconds(verdict),
  };
  const name = `${verdict.gate} (${verdict.environment})`;
  const properties = [
    ['release', release.name],
    ['environment', verdict.environment],
    ['verdict', verdict.verdict],
    ...verdict.images.map((image) => [`image ${image.image}`, image.digest]),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name, ...counts })}>`,
    `  <testsuite${attributes({ name, ...counts, timestamp: verdict.startedAt })}>`,
    '    <properties>',
    ...properties.map(
      ([key, value]) => `      <property${attributes({ name: key ?? '', value: value ?? '' })}/>`,
    ),
    '    </properties>',
    ...verdict.checks.map((check) => testCase(verdict, check)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(verdict: GateVerdict, check: CheckResult): string {
  const open = `    <testcase${attributes({ name: check.name, classname: `${verdict.gate}.${check.kind}`, time: seconds(check) })}>`;
  const said = attributes({ message: check.reason });
  if (check.verdict === 'passed') return `${open}<system-out>${escape(check.reason)}</system-out></testcase>`;
  if (!check.required) {
    return `${open}<skipped${attributes({ message: `advisory, ${check.verdict}: ${check.reason}` })}/></testcase>`;
  }
  return check.verdict === 'failed'
    ? `${open}<failure${said}>${escape(check.reason)}</failure></testcase>`
    : `${open}<error${said}>${escape(check.reason)}</error></testcase>`;
}

function seconds(span: { readonly startedAt: string; readonly finishedAt: string }): number {
  return (Date.parse(span.finishedAt) - Date.parse(span.startedAt)) / 1_000;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escape(String(value))}"`)
    .join('');
}

/** XML 1.0 has no way to write most control characters, so they are replaced (section 2.2, Char). */
function escape(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
      .replace(/[\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}
