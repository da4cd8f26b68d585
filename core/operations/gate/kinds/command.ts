import { formatReference } from '../../../model/reference.ts';
import { placeOf } from '../../../model/place.ts';
import { resultFormats, type ResultFormat, type TestLimits } from '../../../model/test-results.ts';
import type { Finding } from '../../../model/check.ts';
import type { CheckKind, Look, Subject } from '../kind.ts';
import { invalid, type Settings } from '../settings.ts';
import { door, type CommandRequest, type Tools } from '../tools.ts';
import { assessResults, limitsSchema, parseLimits } from './results.ts';

interface Results {
  readonly format: ResultFormat;
  readonly patterns: readonly string[];
  readonly limits: TestLimits;
}

/** Runs a command on the agent: a test suite that looks at the deployed subject from outside. */
export const command: CheckKind = {
  kind: 'command',
  defaults: { errorLimit: 0 },
  schema: {
    description:
      'Runs a command on the agent. Exit code zero passes; test results that it writes decide with it.',
    required: ['run'],
    properties: {
      run: {
        description: 'A line for the shell, or a program with its arguments, which no shell then reads.',
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }],
      },
      url: { type: 'string', description: 'Where the subject is: the command finds it in TARGET_URL.' },
      env: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
      workingDirectory: { type: 'string', description: "Otherwise the task's own." },
      results: {
        type: 'object',
        additionalProperties: false,
        required: ['files'],
        description:
          'Test results that the command writes. Files that are older than its start are not looked at.',
        properties: {
          files: { $ref: '#/$defs/texts' },
          format: { enum: resultFormats, description: 'Otherwise junit.' },
          ...limitsSchema,
        },
      },
    },
  },

  parse(settings, subject) {
    const raw = settings.raw('run');
    const words = settings.texts('run');
    const [first] = words;
    if (first === undefined || first.trim() === '')
      return settings.missing('run', 'Write the command to run.');
    const request: CommandRequest = {
      command: Array.isArray(raw) ? { program: first, args: words.slice(1) } : { shell: first },
      environment: environmentOf(settings, subject),
      workingDirectory: settings.optionalText('workingDirectory'),
    };
    const results = parseResults(settings.optionalSection('results'));
    return {
      title: `run ${words.join(' ').slice(0, 80)}`,
      needs: ['command', 'files'],
      measure: (tools, look) => measure(request, results, tools, look),
    };
  },
};

async function measure(
  request: CommandRequest,
  results: Results | undefined,
  tools: Tools,
  look: Look,
): Promise<Finding> {
  const since = tools.clock.now();
  look.note('the command was running');
  const { exitCode, signal } = await door(tools, 'command', look.check).run(
    request,
    (line) => {
      look.output(line);
    },
    look.signal,
  );
  const end = signal === undefined ? `exit code ${exitCode ?? 'unknown'}` : `killed by ${signal}`;
  if (results === undefined) {
    return exitCode === 0
      ? { outcome: 'passed', reason: end }
      : { outcome: 'failed', reason: `the command failed: ${end}` };
  }
  const files = await door(tools, 'files', look.check).find(results.patterns, since);
  if (files.length === 0) {
    const reason = `the command wrote no ${results.patterns.join(', ')} (${end})`;
    return { outcome: exitCode === 0 ? 'inconclusive' : 'failed', reason };
  }
  const finding = assessResults(files, results.format, results.limits);
  // Runners fail when a test fails, which the limits may tolerate; a runner that failed without one, broke.
  if (
    finding.outcome === 'passed' &&
    exitCode !== 0 &&
    (results.limits.failed === 0 || signal !== undefined)
  ) {
    return { ...finding, outcome: 'failed', reason: `the command failed: ${end}; ${finding.reason}` };
  }
  return finding;
}

function environmentOf(settings: Settings, subject: Subject): Readonly<Record<string, string>> {
  const url = settings.optionalText('url');
  if (url !== undefined && !URL.canParse(url)) return settings.wrong('url', 'a URL', url);
  const images = subject.release.images.map((image) => [
    `IMAGE_${image.name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`,
    formatReference(placeOf(subject.release, image, subject.environment)),
  ]);
  const own = settings.map('env');
  const odd = Object.keys(own).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (odd !== undefined) {
    throw invalid(
      `${settings.at(`env.${odd}`)} is not a name of a variable`,
      'Use letters, digits and underscores.',
    );
  }
  return {
    RELEASE_NAME: subject.release.name,
    ENVIRONMENT: subject.environment,
    ...(Object.fromEntries(images) as Record<string, string>),
    ...(url === undefined ? {} : { TARGET_URL: url }),
    ...own,
  };
}

function parseResults(settings: Settings | undefined): Results | undefined {
  if (settings === undefined) return undefined;
  const patterns = settings.texts('files');
  if (patterns.length === 0)
    return settings.missing('files', 'Name the result files, as in results/**/*.xml.');
  return {
    format: settings.optionalOneOf('format', resultFormats) ?? 'junit',
    patterns,
    limits: parseLimits(settings),
  };
}
