import { isDigest, algorithmOf, hexOf, type Digest } from './digest.ts';
import { defined, isObject, Reader } from './json.ts';
import { formatRepository, type Repository } from './reference.ts';
import type { GateVerdict, Release, Verdict } from './release.ts';

export const statementType = 'https://in-toto.io/Statement/v1';
export const statementMediaType = 'application/vnd.in-toto+json';
/** in-toto/attestation, spec/predicates/test-result.md. */
export const testResultType = 'https://in-toto.io/attestation/test-result/v0.1';

/** A verdict about digests, as an in-toto statement says it. */
export interface VerdictStatement {
  readonly subjects: readonly { readonly name: string; readonly digest: Digest }[];
  readonly gate: string;
  readonly environment: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly release: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly run?: string;
}

/**
 * The verdict as an in-toto statement with the test-result predicate. `PASSED` is said of a pass alone: an inconclusive
 * gate is FAILED to whoever knows no more than the predicate. What the predicate has no word for is in `gate`.
 */
export function formatStatement(
  release: Release,
  verdict: GateVerdict,
  placeOf: (image: string) => Repository | undefined,
): Uint8Array {
  const subject = verdict.images.map(({ image, digest }) => {
    const place = placeOf(image);
    return {
      name: place === undefined ? image : formatRepository(place),
      digest: { [algorithmOf(digest)]: hexOf(digest) },
    };
  });
  const named = (wanted: Verdict): string[] =>
    verdict.checks.filter((check) => check.verdict === wanted).map((check) => check.name);
  const document = {
    _type: statementType,
    subject,
    predicateType: testResultType,
    predicate: defined({
      result: verdict.verdict === 'passed' ? 'PASSED' : 'FAILED',
      configuration: [{ name: `gate ${verdict.gate} in ${verdict.environment}` }],
      url: verdict.run?.url,
      passedTests: named('passed'),
      warnedTests: verdict.checks
        .filter(
          (check) => check.verdict === 'inconclusive' || (check.verdict === 'failed' && !check.required),
        )
        .map((check) => check.name),
      failedTests: verdict.checks
        .filter((check) => check.verdict === 'failed' && check.required)
        .map((check) => check.name),
      gate: defined({
        name: verdict.gate,
        environment: verdict.environment,
        verdict: verdict.verdict,
        reason: verdict.reason,
        release: release.name,
        startedAt: verdict.startedAt,
        finishedAt: verdict.finishedAt,
        run: verdict.run?.url ?? verdict.run?.id,
        checks: verdict.checks.map(({ name, kind, verdict: said, required, reason }) => ({
          name,
          kind,
          verdict: said,
          required,
          reason,
        })),
      }),
    }),
  };
  return Buffer.from(JSON.stringify(document));
}

/**
 * Reads what `formatStatement` wrote; undefined for any other statement, which may be good for something else.
 * @throws DeliveryError `EvidenceMissing` for one of ours that is damaged
 */
export function parseVerdictStatement(payload: Uint8Array): VerdictStatement | undefined {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isObject(document) || document['_type'] !== statementType) return undefined;
  if (document['predicateType'] !== testResultType) return undefined;
  const predicate = document['predicate'];
  if (!isObject(predicate) || !isObject(predicate['gate'])) return undefined;
  const statement = Reader.of(document, 'the statement', 'EvidenceMissing');
  const result = statement.object('predicate', (reader) =>
    reader.oneOf('result', ['PASSED', 'WARNED', 'FAILED']),
  );
  const gate = statement.object('predicate', (reader) => reader.object('gate', readGate));
  // The two say the same, or the statement is not ours to believe.
  const verdict = gate.verdict === 'passed' && result !== 'PASSED' ? 'inconclusive' : gate.verdict;
  return { ...gate, verdict, subjects: statement.list('subject', readSubject).flat() };
}

function readGate(reader: Reader): Omit<VerdictStatement, 'subjects'> {
  return defined({
    gate: reader.string('name'),
    environment: reader.string('environment'),
    verdict: reader.oneOf('verdict', ['passed', 'failed', 'inconclusive']),
    reason: reader.string('reason'),
    release: reader.string('release'),
    startedAt: reader.time('startedAt'),
    finishedAt: reader.time('finishedAt'),
    run: reader.optionalString('run'),
  });
}

function readSubject(reader: Reader): VerdictStatement['subjects'] {
  const name = reader.optionalString('name') ?? '';
  return Object.entries(reader.map('digest')).flatMap(([algorithm, hex]) => {
    const digest = `${algorithm}:${hex}`;
    return isDigest(digest) ? [{ name, digest }] : [];
  });
}
