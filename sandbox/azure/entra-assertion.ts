import { decodeJwt, decodeProtectedHeader, errors, importX509, jwtVerify, type JWTPayload } from 'jose';
import { thumbprint, type ServicePrincipal } from './directory.ts';
import { entraErrors } from './entra-errors.ts';
import type { SigningKey } from './tokens.ts';

// MSAL rounds "not before" to the nearest second, so it can lie ahead. Entra itself is more generous; tests are not.
const clockTolerance = 5;

/** An issuer outside the tenant whose tokens federated credentials may name. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly key: SigningKey;
}

/**
 * Checks a `client_assertion`: a JWT signed with a certificate of the application itself, or another issuer's token
 * that one of its federated credentials names.
 * @throws EntraError with the code that Entra gives for what is wrong
 */
export async function checkAssertion(
  assertion: string,
  principal: ServicePrincipal,
  issuers: readonly TrustedIssuer[],
  audiences: readonly string[],
): Promise<void> {
  const claims = decoded(assertion);
  if (claims.iss === principal.identity.clientId) {
    await checkCertificateAssertion(assertion, principal, audiences);
  } else {
    await checkFederatedAssertion(assertion, claims, principal, issuers);
  }
}

async function checkCertificateAssertion(
  assertion: string,
  principal: ServicePrincipal,
  audiences: readonly string[],
): Promise<void> {
  const header = decodeProtectedHeader(assertion);
  const certificate = principal.certificates.find(
    (candidate) =>
      thumbprint(candidate, 'sha256') === header['x5t#S256'] || thumbprint(candidate, 'sha1') === header.x5t,
  );
  if (certificate === undefined)
    throw entraErrors.unknownCertificate(header.x5t ?? JSON.stringify(header['x5t#S256'] ?? ''));
  const key = await importX509(certificate.toString('pem'), header.alg ?? 'RS256');
  await verified(jwtVerify(assertion, key, { audience: [...audiences], clockTolerance }));
}

async function checkFederatedAssertion(
  assertion: string,
  claims: JWTPayload,
  principal: ServicePrincipal,
  issuers: readonly TrustedIssuer[],
): Promise<void> {
  const { iss = '', sub = '' } = claims;
  const audience = [claims.aud ?? []].flat();
  const ofIssuer = principal.federatedCredentials.filter((credential) => credential.issuer === iss);
  const trusted = issuers.find((candidate) => candidate.issuer === iss);
  if (ofIssuer.length === 0 || trusted === undefined) throw entraErrors.noMatchingIssuer(iss);
  await verified(trusted.key.verify(assertion, { clockTolerance }));
  const ofSubject = ofIssuer.filter((credential) => credential.subject === sub);
  if (ofSubject.length === 0) {
    const differsInCase = ofIssuer.some(
      (credential) => credential.subject.toLowerCase() === sub.toLowerCase(),
    );
    throw differsInCase ? entraErrors.noMatchingSubjectCase(sub) : entraErrors.noMatchingSubject(sub);
  }
  if (!ofSubject.some((credential) => audience.includes(credential.audience))) {
    throw entraErrors.noMatchingAudience(audience.join(' '));
  }
}

function decoded(assertion: string): JWTPayload {
  try {
    return decodeJwt(assertion);
  } catch {
    throw entraErrors.malformedAssertion();
  }
}

async function verified(verification: Promise<unknown>): Promise<void> {
  try {
    await verification;
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      throw entraErrors.expiredAssertion(error.payload.nbf, error.payload.exp);
    throw entraErrors.wrongSignature();
  }
}
